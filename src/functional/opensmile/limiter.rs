//! The soft limiter of regression coefficients and of relative peaks (section 11.7 of the specification of ComParE).

/// `x` where it lies within `limit`; beyond that it bends, and never reaches `limit + excess`.
pub fn soft_limit(x: f32, limit: f32, excess: f32) -> f32 {
    if x.abs() <= limit {
        return x;
    }
    let over = f64::from(x.abs() - limit);
    let bent = ((over + 1.0).sqrt() - 1.0) / (f64::from(excess) / 2.0);
    let bent = f64::from(bent as f32);
    // The hyperbolic tangent, by a logistic function of single precision.
    let tanh = 2.0 * (1.0 / (1.0 + (-2.0 * bent).exp())) as f32 - 1.0;
    (limit + excess * tanh).copysign(x)
}

#[test]
fn it_is_that_of_the_specification() {
    // Section 15.3.
    for (x, expected) in [
        (5.0, 5.0),
        (-5.0, -5.0),
        (12.0, 11.453_73),
        (100.0, 19.363_87),
        (1000.0, 19.999_9),
        (1e6, 20.0),
        (-30.0, -16.147_46),
    ] {
        let found = soft_limit(x, 10.0, 10.0);
        assert!((found - expected).abs() < 5e-6, "{x}: {found}");
    }
    assert!((soft_limit(1.0, 0.6, 0.61) - 0.927_907_5).abs() < 1e-6);
}
