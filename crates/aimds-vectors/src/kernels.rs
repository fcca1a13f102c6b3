//! The numeric inner loops, written so that the compiler turns them into vector instructions.

/// `sum += factor * row`, element by element.
#[inline]
pub(crate) fn add_scaled_i8(sum: &mut [f32], row: &[i8], factor: f32) {
    for (sum, &value) in sum.iter_mut().zip(row) {
        *sum += factor * f32::from(value);
    }
}

/// `sum += factor * row`, element by element.
#[inline]
pub(crate) fn add_scaled(sum: &mut [f32], row: &[f32], factor: f32) {
    for (sum, &value) in sum.iter_mut().zip(row) {
        *sum += factor * value;
    }
}

/// With `value = factor * row`, element by element: `sum += weight * value`, and `peak` becomes whichever of itself and
/// `value` has the larger absolute value (itself on a tie).
#[inline]
pub(crate) fn add_and_keep_peak(sum: &mut [f32], peak: &mut [f32], row: &[i8], factor: f32, weight: f32) {
    for ((sum, peak), &value) in sum.iter_mut().zip(peak).zip(row) {
        let value = factor * f32::from(value);
        *sum += weight * value;
        // Stored in either case: a store under a condition would keep the loop from being vectorised.
        *peak = if value.abs() > peak.abs() { value } else { *peak };
    }
}

/// Inner product; exact, since 1,024 products of at most 2^14 stay far below 2^31.
#[inline]
pub(crate) fn dot_i8(left: &[i8], right: &[i8]) -> i32 {
    left.iter().zip(right).fold(0_i32, |sum, (&a, &b)| {
        sum.wrapping_add(i32::from(a).wrapping_mul(i32::from(b)))
    })
}

/// Euclidean length.
pub(crate) fn length(values: &[f32]) -> f32 {
    values.iter().map(|value| value * value).sum::<f32>().sqrt()
}

/// The values divided by their length (by 1e-9 when they are zero).
pub(crate) fn normalise(values: &mut [f32]) {
    let factor = 1.0 / length(values).max(1e-9);
    scale(values, factor);
}

/// `values *= factor`, element by element.
#[inline]
pub(crate) fn scale(values: &mut [f32], factor: f32) {
    for value in values {
        *value *= factor;
    }
}

/// 127 times a value in [-1, 1], rounded; values outside are cut.
#[inline]
pub(crate) fn quantise(value: f32) -> i8 {
    (value * 127.0).round().clamp(-127.0, 127.0) as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_the_extremes_do_not_overflow() {
        assert_eq!(dot_i8(&[-128; 1024], &[-128; 1024]), 1024 * 128 * 128);
        assert_eq!(dot_i8(&[127, -127, 3], &[127, 127, -2]), -6);
    }

    #[test]
    fn the_peak_keeps_its_sign_and_the_first_of_equals() {
        let (mut sum, mut peak) = ([1.0; 3], [0.0, 0.0, 1.0]);
        add_and_keep_peak(&mut sum, &mut peak, &[-4, 2, -2], 0.5, 3.0);
        assert_eq!(sum.map(f32::to_bits), [-5.0_f32, 4.0, -2.0].map(f32::to_bits));
        assert_eq!(peak.map(f32::to_bits), [-2.0_f32, 1.0, 1.0].map(f32::to_bits));
    }

    #[test]
    fn quantising_cuts_and_rounds() {
        assert_eq!(
            [2.0, -2.0, 0.5, -0.004, f32::NAN].map(quantise),
            [127, -127, 64, -1, 0]
        );
    }
}
