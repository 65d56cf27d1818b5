//===- BenchContender.h - programs that take turns ------------------------===//
#ifndef SEQC_FRONTENDS_CLI_BENCHCONTENDER_H
#define SEQC_FRONTENDS_CLI_BENCHCONTENDER_H

#include "frontends/cli/BenchSpecialise.h"

#include <cstdint>
#include <string>
#include <vector>

namespace seqc::cli {

/// How a contender differs from the others.
struct ContenderKind {
  Specialise specialise = Specialise::Off;
  bool counting = true;
  bool useCache = false;
};

/// One way of running a subject's calls. The subject must outlive it.
class Contender {
public:
  static Result<Contender> make(const Engine &engine,
                                const SpecialiseSubject &subject,
                                const ContenderKind &kind = {});

  /// Of all gates, from the next call on.
  Status setGates(float bias);
  /// Milliseconds of one call, without the preparation before it.
  Result<double> call();
  /// Of all of so many calls from a preparation on. What ran before left other
  /// weights in the caches, so a call that is not timed goes first.
  Result<double> calls(int64_t count);
  /// The same with gates that are set before each call.
  Result<double> stream(const std::vector<float> &biases);
  /// The next call is the first after a preparation.
  void restart() { done = 0; }

  /// Number of the last call since its preparation, from 1 on.
  int64_t sincePrepare() const { return (done - 1) % subject->start.every + 1; }
  /// Of the rows of all gates in the last call; -1: there are no gates.
  double activeShare() const;
  /// Empty if the last results are right.
  std::string whatIsWrong();

  Program program;
  Session session;
  std::vector<Tensor> results;

private:
  Contender(Program program, Session session, const SpecialiseSubject &subject);
  Status warm();

  const SpecialiseSubject *subject;
  std::vector<TensorRef> outputs;
  float bias = 0;
  int64_t done = 0;
};

/// Empty if all results are those of `expected`, up to rounding.
std::string differenceOf(Contender &got, Contender &expected);

struct Gates {
  float bias = 0;
  double active = 0; ///< of all rows, over the calls from one preparation on
};

/// Gates with which about so many of all rows are active, from 0 to 1; leaves
/// them set. For models that have gates.
Result<Gates> gatesFor(double share, Contender &contender,
                       const SpecialiseSubject &subject);

/// Processor cores that this process may use.
int usableCores();

/// Of an odd or even number of values, at least one.
double medianOf(std::vector<double> values);

} // namespace seqc::cli

#endif // SEQC_FRONTENDS_CLI_BENCHCONTENDER_H
