//! What a p-value is worth among others of the same table: the procedure of Benjamini and Hochberg.

/// The adjusted p-values, often called q, of all p-values of one table, in their order.
///
/// Whoever states every difference whose q is below 0.05 is wrong, on average, in at most one of twenty statements. With the
/// p-values sorted, `q(i)` is the least of `p(j) * M / j` over all `j` from `i` to their number `M`, so that the order of
/// q-values is that of the p-values, and none is above 1.
///
/// Each p-value is from 0 to 1.
///
/// Benjamini and Hochberg, "Controlling the False Discovery Rate: a Practical and Powerful Approach to Multiple Testing" (1995).
#[must_use]
pub fn adjusted_p_values(p_values: &[f64]) -> Vec<f64> {
    let mut descending: Vec<usize> = (0..p_values.len()).collect();
    descending.sort_by(|one, other| p_values[*other].total_cmp(&p_values[*one]));
    let all = p_values.len() as f64;
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 1.0_f64;
    for (above, index) in descending.into_iter().enumerate() {
        let rank = all - above as f64;
        // Of the last one the factor is 1, and nothing is rounded.
        least = least.min(p_values[index] * (all / rank));
        adjusted[index] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hand_made_tables_give_the_published_numbers() {
        for (p_values, expected) in [
            (&[][..], &[][..]),
            (&[0.04], &[0.04]),
            (&[0.01, 0.04, 0.03, 0.005], &[0.02, 0.04, 0.04, 0.02]),
            (
                &[0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205],
                &[0.008, 0.032, 0.0672, 0.0672, 0.0672, 0.08, 0.084_571, 0.205],
            ),
            (&[1.0, 1.0, 1.0], &[1.0, 1.0, 1.0]),
        ] {
            let found = adjusted_p_values(p_values);
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{p_values:?}: {found}");
            }
        }
    }

    /// A factor that is 1 by its fraction alone took the last bit of this one away.
    #[test]
    fn the_largest_stays_what_it_is() {
        let mut p_values = vec![0.0; 37];
        p_values.push(0.913_112_641_437_341_5);
        assert_eq!(adjusted_p_values(&p_values), p_values);
    }

    proptest! {
        #[test]
        fn no_adjusted_value_is_smaller_and_their_order_is_kept(p_values in prop::collection::vec(0.0_f64..=1.0, 0..40)) {
            let adjusted = adjusted_p_values(&p_values);
            for (one, q) in p_values.iter().zip(&adjusted) {
                prop_assert!(*q >= *one && *q <= 1.0);
                for (other, other_q) in p_values.iter().zip(&adjusted) {
                    prop_assert!(one > other || q <= other_q);
                }
            }
        }
    }
}
