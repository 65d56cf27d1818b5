//===- RandomModel.h - models of random ops, as text ----------------------===//
#ifndef SEQC_TEST_UNIT_RANDOMMODEL_H
#define SEQC_TEST_UNIT_RANDOMMODEL_H

#include <string>

/// Text of a module with @forward, as an importer may write it: a router picks
/// rows, then `ops` random ops follow on all rows and on the picked ones: maps,
/// products, norms, scans, gathers, scatters and additions into values that
/// others still read, attention, rings and pools. Equal seeds give equal text.
std::string randomModel(unsigned seed, int ops);

#endif // SEQC_TEST_UNIT_RANDOMMODEL_H
