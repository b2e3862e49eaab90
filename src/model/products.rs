//! Inner products of rows, in blocks over Rayon, for kernels and regressions.
//!
//! Each block is one sequential matrix product of faer, so the result is the same for any number of
//! threads.

use faer::linalg::matmul::matmul;
use faer::linalg::solvers::SelfAdjointEigen;
use faer::{Accum, Mat, MatMut, MatRef, Par, Side};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

/// Rows of a block: large enough that a product of blocks runs at full speed, small enough that
/// two cores share a thousand rows evenly.
const BLOCK: usize = 64;

/// `a b'`: the inner product of each row of `a` with each of `b`.
pub fn products(a: ArrayView2<f32>, b: ArrayView2<f32>) -> Array2<f32> {
    let (a, b) = (a.as_standard_layout(), b.as_standard_layout());
    let mut out = Array2::zeros((a.nrows(), b.nrows()));
    let width = a.ncols();
    let (a, b) = (slice(&a), slice(&b));
    let columns = out.ncols();
    fill(&mut out, |from, rows, block| {
        let a = &a[from * width..(from + rows) * width];
        multiply(block, (a, b), (rows, columns, width), columns);
    });
    out
}

/// `a a'`: only the entries on and below the diagonal are computed, the others mirrored.
pub fn gram(a: ArrayView2<f32>) -> Array2<f32> {
    let a = a.as_standard_layout();
    let (n, width) = a.dim();
    let a = slice(&a);
    let mut out = Array2::zeros((n, n));
    fill(&mut out, |from, rows, block| {
        let until = from + rows;
        let left = &a[from * width..until * width];
        multiply(block, (left, &a[..until * width]), (rows, until, width), n);
    });
    for row in 0..n {
        for column in row + 1..n {
            out[(row, column)] = out[(column, row)];
        }
    }
    out
}

/// `a b` in double precision, in one thread.
pub fn product(a: MatRef<f64>, b: MatRef<f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    matmul(out.as_mut(), Accum::Replace, a, b, 1.0, Par::Seq);
    out
}

/// Eigenvectors of the inner products of rows, or of columns where these are fewer: both have the same
/// eigenvalues.
pub struct Directions {
    /// Whether they are of the rows.
    pub of_rows: bool,
    /// The eigenvalues, rising; rounding below 0 is 0.
    pub values: Vec<f64>,
    /// An eigenvector in each column.
    pub vectors: Mat<f64>,
}

/// The [`Directions`] of `x`; an error says why there are none.
pub fn directions(x: MatRef<f64>) -> Result<Directions, String> {
    let of_rows = x.ncols() > x.nrows();
    let gram = match of_rows {
        true => product(x, x.transpose()),
        false => product(x.transpose(), x),
    };
    let eigen = SelfAdjointEigen::new(gram.as_ref(), Side::Lower);
    let eigen = eigen.map_err(|cause| format!("{cause:?}"))?;
    let values = eigen.S().column_vector().iter();
    Ok(Directions {
        of_rows,
        values: values.map(|&value| value.max(0.0)).collect(),
        vectors: eigen.U().to_owned(),
    })
}

/// Calls `block` with the first row, the number of rows and the memory of each block of `out`.
fn fill(out: &mut Array2<f32>, block: impl Fn(usize, usize, &mut [f32]) + Sync) {
    let columns = out.ncols();
    if out.is_empty() {
        return;
    }
    let memory = out.as_slice_mut().expect("made in standard layout");
    memory
        .par_chunks_mut(BLOCK * columns)
        .enumerate()
        .for_each(|(number, memory)| block(number * BLOCK, memory.len() / columns, memory));
}

/// `left right'` into the first columns of `block`, whose rows lie `stride` apart.
fn multiply(
    block: &mut [f32],
    (left, right): (&[f32], &[f32]),
    (rows, columns, width): (usize, usize, usize),
    stride: usize,
) {
    // Not `from_row_major_slice_with_stride_mut`: in faer 0.24.4 it takes the stride of rows for that
    // of columns, and products are written beyond the slice.
    let block = MatMut::from_column_major_slice_with_stride_mut(block, columns, rows, stride);
    matmul(
        block.transpose_mut(),
        Accum::Replace,
        MatRef::from_row_major_slice(left, rows, width),
        MatRef::from_row_major_slice(right, columns, width).transpose(),
        1.0,
        Par::Seq,
    );
}

fn slice<'a>(a: &'a ndarray::CowArray<'_, f32, ndarray::Ix2>) -> &'a [f32] {
    a.as_slice().expect("brought to standard layout")
}

#[test]
fn products_are_those_of_the_rows() {
    let a = Array2::from_shape_fn((150, 7), |(i, j)| ((i * 7 + j * 3) % 11) as f32 - 5.0);
    let b = Array2::from_shape_fn((5, 7), |(i, j)| (i + j) as f32);
    assert_eq!(products(a.view(), b.view()), a.dot(&b.t()));
    assert_eq!(gram(a.view()), a.dot(&a.t()));
    let columns_first = a.t().as_standard_layout().into_owned();
    assert_eq!(gram(columns_first.t()), a.dot(&a.t()));
    assert_eq!(gram(Array2::zeros((0, 3)).view()).dim(), (0, 0));
}
