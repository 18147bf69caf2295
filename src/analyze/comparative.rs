//! The adjectives of a metric.

/// What a metric's values are called when they are higher and when they are lower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparative {
    /// The word for a higher value, such as "slower".
    pub higher: &'static str,
    /// The word for a lower value, such as "faster".
    pub lower: &'static str,
}

impl Comparative {
    /// For durations.
    pub const TIME: Self = Self {
        higher: "slower",
        lower: "faster",
    };
    /// For numbers of things.
    pub const COUNT: Self = Self {
        higher: "more",
        lower: "fewer",
    };
    /// For what is used up, such as processor time.
    pub const USE: Self = Self {
        higher: "more",
        lower: "less",
    };
    /// For amounts of data.
    pub const SIZE: Self = Self {
        higher: "larger",
        lower: "smaller",
    };
}
