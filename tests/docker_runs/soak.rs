//! The long forms of tests: more of the same, at moments that a seed chooses.

use std::io::Write as _;

use crate::support::is_set;

/// Whether the long forms are asked for.
pub(crate) fn soaking() -> bool {
    is_set("SEATRIAL_SOAK")
}

/// Says something past the capture of the test harness.
pub(crate) fn tell(line: &str) {
    // Where stderr is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Whole numbers from a seed: the same seed gives the same ones.
pub(crate) struct Dice(u64);

impl Dice {
    /// From `SEATRIAL_SEED`, or from the clock; prints it, so that a failure can be had again.
    pub(crate) fn new(what: &str) -> Self {
        let given = std::env::var("SEATRIAL_SEED").ok();
        let seed = given.map_or_else(
            || {
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                u64::from(now.unwrap().subsec_nanos())
            },
            |seed| seed.parse().expect("SEATRIAL_SEED is a whole number"),
        );
        tell(&format!("{what}: SEATRIAL_SEED={seed}"));
        Self(seed)
    }

    /// From this seed.
    pub(crate) const fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number below this one (splitmix64).
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }

    /// The next place in something of this length.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).expect("no list is longer");
        usize::try_from(self.below(length)).expect("it is below the length")
    }

    /// The next choice.
    pub(crate) fn one_of<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.index(choices.len())]
    }
}
