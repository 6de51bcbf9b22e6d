//! The Fréchet distance between two clouds of vectors, each taken as a Gaussian.

/// Added to every variance, so that a cloud without extent in some direction
/// still has a covariance with a square root.
const LEAST_VARIANCE: f64 = 1e-6;

/// Rounds of Jacobi's rotations; matrices of 40 rows need about 8.
const MOST_SWEEPS: usize = 60;

type SquareMatrix<const N: usize> = Box<[[f64; N]; N]>;

/// Mean and covariance of a cloud of vectors.
pub struct Gaussian<const N: usize> {
    mean: [f64; N],
    covariance: SquareMatrix<N>,
}

impl<const N: usize> Gaussian<N> {
    /// The Gaussian of `vectors`, of which there is at least one; a single one
    /// has no extent.
    pub fn of(vectors: &[[f64; N]]) -> Gaussian<N> {
        let count = vectors.len() as f64;
        let mean: [f64; N] =
            std::array::from_fn(|i| vectors.iter().map(|v| v[i]).sum::<f64>() / count);
        let mut covariance = zero();
        for vector in vectors {
            let from_mean: [f64; N] = std::array::from_fn(|i| vector[i] - mean[i]);
            for i in 0..N {
                for j in 0..N {
                    covariance[i][j] += from_mean[i] * from_mean[j];
                }
            }
        }
        let divisor = (count - 1.0).max(1.0);
        for i in 0..N {
            for value in &mut covariance[i] {
                *value /= divisor;
            }
            covariance[i][i] += LEAST_VARIANCE;
        }
        Gaussian { mean, covariance }
    }

    /// `|m₁ − m₂|² + tr(C₁ + C₂ − 2 (C₁C₂)^½)`.
    pub fn frechet_distance(&self, other: &Gaussian<N>) -> f64 {
        let between: f64 = (0..N).map(|i| (self.mean[i] - other.mean[i]).powi(2)).sum();
        let root = square_root(&self.covariance);
        // C₁^½ C₂ C₁^½ has the eigenvalues of C₁C₂ and is symmetric.
        let product = multiply(&multiply(&root, &other.covariance), &root);
        let (eigenvalues, _) = eigen(product);
        let shared: f64 = eigenvalues.iter().map(|value| value.max(0.0).sqrt()).sum();
        between + trace(&self.covariance) + trace(&other.covariance) - 2.0 * shared
    }
}

fn zero<const N: usize>() -> SquareMatrix<N> {
    Box::new([[0.0; N]; N])
}

fn trace<const N: usize>(matrix: &SquareMatrix<N>) -> f64 {
    (0..N).map(|i| matrix[i][i]).sum()
}

fn multiply<const N: usize>(a: &SquareMatrix<N>, b: &SquareMatrix<N>) -> SquareMatrix<N> {
    let mut product = zero();
    for i in 0..N {
        for k in 0..N {
            for j in 0..N {
                product[i][j] += a[i][k] * b[k][j];
            }
        }
    }
    product
}

/// The symmetric square root of a matrix without negative eigenvalues.
fn square_root<const N: usize>(matrix: &SquareMatrix<N>) -> SquareMatrix<N> {
    let (eigenvalues, vectors) = eigen(matrix.clone());
    let mut root = zero();
    for i in 0..N {
        for j in 0..N {
            root[i][j] = (0..N)
                .map(|k| vectors[i][k] * eigenvalues[k].max(0.0).sqrt() * vectors[j][k])
                .sum();
        }
    }
    root
}

/// Eigenvalues of a symmetric matrix, and the eigenvectors as columns, by
/// Jacobi's rotations: each makes one pair of elements off the diagonal zero.
fn eigen<const N: usize>(mut matrix: SquareMatrix<N>) -> ([f64; N], SquareMatrix<N>) {
    let mut vectors = zero();
    for i in 0..N {
        vectors[i][i] = 1.0;
    }
    for _ in 0..MOST_SWEEPS {
        let off_diagonal: f64 = (0..N)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| matrix[i][j].powi(2))
            .sum();
        let diagonal: f64 = (0..N).map(|i| matrix[i][i].powi(2)).sum();
        if off_diagonal <= 1e-28 * diagonal {
            break;
        }
        for p in 0..N {
            for q in p + 1..N {
                if matrix[p][q] != 0.0 {
                    rotate(&mut matrix, &mut vectors, p, q);
                }
            }
        }
    }
    (std::array::from_fn(|i| matrix[i][i]), vectors)
}

fn rotate<const N: usize>(
    matrix: &mut SquareMatrix<N>,
    vectors: &mut SquareMatrix<N>,
    p: usize,
    q: usize,
) {
    let theta = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    let turn = |a: f64, b: f64| (cosine * a - sine * b, sine * a + cosine * b);
    for row in matrix.iter_mut() {
        (row[p], row[q]) = turn(row[p], row[q]);
    }
    for k in 0..N {
        (matrix[p][k], matrix[q][k]) = turn(matrix[p][k], matrix[q][k]);
    }
    for row in vectors.iter_mut() {
        (row[p], row[q]) = turn(row[p], row[q]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wavy(count: usize, shift: f64, stretch: f64) -> Vec<[f64; 5]> {
        (0..count)
            .map(|n| {
                std::array::from_fn(|i| {
                    shift + stretch * ((n * n * (i + 1)) as f64 * 0.37 + i as f64).sin()
                })
            })
            .collect()
    }

    #[test]
    fn eigenvalues_and_vectors_put_the_matrix_together_again() {
        let matrix = Gaussian::of(&wavy(50, 0.0, 2.0)).covariance;
        let (eigenvalues, vectors) = eigen(matrix.clone());
        for i in 0..5 {
            for j in 0..5 {
                let sum: f64 = (0..5)
                    .map(|k| vectors[i][k] * eigenvalues[k] * vectors[j][k])
                    .sum();
                assert!((sum - matrix[i][j]).abs() < 1e-12);
                let product: f64 = (0..5).map(|k| vectors[k][i] * vectors[k][j]).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn diagonal_covariances_have_the_closed_form() {
        let gaussian = |mean: [f64; 3], deviations: [f64; 3]| {
            let mut covariance = zero();
            for i in 0..3 {
                covariance[i][i] = deviations[i].powi(2);
            }
            Gaussian { mean, covariance }
        };
        let a = gaussian([0.0, 1.0, -2.0], [1.0, 0.5, 3.0]);
        let b = gaussian([1.0, 1.0, 0.0], [2.0, 0.1, 3.5]);
        // |m₁ − m₂|² + Σ (σ₁ − σ₂)²
        let expected = 1.0 + 4.0 + 1.0 + 0.16 + 0.25;
        assert!((a.frechet_distance(&b) - expected).abs() < 1e-12);
        assert!((b.frechet_distance(&a) - expected).abs() < 1e-12);
    }

    #[test]
    fn a_cloud_moved_by_a_vector_is_that_vectors_square_away() {
        let a = Gaussian::of(&wavy(80, 0.0, 1.0));
        let b = Gaussian::of(&wavy(80, 0.5, 1.0));
        assert!(a.frechet_distance(&a).abs() < 1e-9);
        assert!((a.frechet_distance(&b) - 5.0 * 0.25).abs() < 1e-9);
    }

    #[test]
    fn a_scaled_cloud_is_as_far_as_its_deviations_differ() {
        let a = Gaussian::of(&wavy(80, 0.0, 1.0));
        let b = Gaussian::of(&wavy(80, 0.0, 3.0));
        // With C₂ = 9 C₁ and means 3 m₁: 4 |m₁|² + (3 − 1)² tr C₁.
        let spread = trace(&a.covariance) + a.mean.iter().map(|m| m * m).sum::<f64>();
        assert!((a.frechet_distance(&b) / (4.0 * spread) - 1.0).abs() < 1e-5);
    }

    #[test]
    fn a_single_vector_has_a_distance_too() {
        let a = Gaussian::of(&[[1.0, 2.0]]);
        let b = Gaussian::of(&[[1.0, 4.0]]);
        assert!((a.frechet_distance(&b) - 4.0).abs() < 1e-9);
    }
}
