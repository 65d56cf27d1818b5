// RUN: seqc-opt %s --seqc-verify-no-alloc --split-input-file --verify-diagnostics
// Nothing is allocated in a kernel and no argument is copied as a whole.

func.func private @good(%a: memref<8xf32>, %b: memref<8xf32>, %s: memref<?xi8>)
    attributes {seqc.kernel} {
  %c0 = arith.constant 0 : index
  %v = memref.view %s[%c0][] : memref<?xi8> to memref<4xf32>
  %x = memref.subview %a[0] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1]>>
  linalg.copy ins(%x : memref<4xf32, strided<[1]>>) outs(%v : memref<4xf32>)
  return
}

// Not a kernel.
func.func private @other() {
  %a = memref.alloc() : memref<8xf32>
  return
}

// -----

func.func private @alloc(%a: memref<8xf32>) attributes {seqc.kernel} {
  // expected-error @below {{expected no allocation after bufferize, got one; give the value a bounded size}}
  %b = memref.alloc() : memref<8xf32>
  return
}

// -----

func.func private @alloca(%a: memref<8xf32>) attributes {seqc.kernel} {
  // expected-error @below {{expected no allocation after bufferize, got one}}
  %b = memref.alloca() : memref<8xf32>
  return
}

// -----

func.func private @whole_copy(%a: memref<8xf32>, %b: memref<8xf32>) attributes {seqc.kernel} {
  // expected-error @below {{expected no allocation after bufferize, got a copy of a whole argument}}
  memref.copy %a, %b : memref<8xf32> to memref<8xf32>
  return
}

// -----

func.func private @whole_linalg_copy(%a: memref<8xf32>, %b: memref<8xf32>)
    attributes {seqc.kernel} {
  %c = memref.cast %a : memref<8xf32> to memref<?xf32>
  %d = memref.cast %b : memref<8xf32> to memref<?xf32>
  // expected-error @below {{expected no allocation after bufferize, got a copy of a whole argument}}
  linalg.copy ins(%c : memref<?xf32>) outs(%d : memref<?xf32>)
  return
}
