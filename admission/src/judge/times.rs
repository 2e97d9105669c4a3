//! How the time of one evaluation is divided: the built-in policies first, then what is left in equal parts, so that no
//! module takes the verdicts of another.

use crate::engine::{Time, limits};
use std::time::Duration;

/// The time that modules may take for one object, or for one set.
#[derive(Debug)]
pub struct Times {
    all: Time,
    /// The most for a module that is not built in.
    each: Duration,
}

impl Times {
    /// For one object: as much as its modules may take.
    pub fn object() -> Self {
        Times { all: Time::of(Duration::MAX), each: limits::MODULE_TIME }
    }

    /// For one set of objects.
    pub fn set() -> Self {
        Times { each: limits::SET_MODULE_TIME, ..Times::object() }
    }

    /// For one object, until then and no longer.
    pub fn object_within(all: Duration) -> Self {
        Times { all: Time::of(all), ..Times::object() }
    }

    /// Lets a module work: they come one after another, and this is the one with that index. The first is built in.
    pub(super) fn of_module<T>(&mut self, module: usize, modules: usize, work: impl FnOnce(&mut Time) -> T) -> T {
        let (most, shares) = match module {
            0 => (Duration::MAX, modules.min(2)),
            _ => (self.each, modules - module),
        };
        let share = self.all.left() / u32::try_from(shares).unwrap_or(u32::MAX);
        let mut part = self.all.part(most.min(share));
        let outcome = work(&mut part);
        self.all.give_back(part);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_the_time_of_another() {
        let millis = Duration::from_millis;
        let mut times = Times::object_within(millis(800));
        let part = |times: &mut Times, module| {
            times.of_module(module, 5, |time| {
                let part = time.left();
                // Uses all of it.
                *time = Time::of(Duration::ZERO);
                part
            })
        };
        let parts: Vec<Duration> = (0..5).map(|module| part(&mut times, module)).collect();
        assert_eq!(parts, [400, 100, 100, 100, 100].map(millis));
        let mut times = Times::object_within(millis(800));
        times.of_module(0, 5, |_| ());
        assert_eq!(part(&mut times, 1), millis(200), "what the built-in ones do not use is for the others");
        let mut times = Times::object();
        assert_eq!(part(&mut times, 0) / 2, Duration::MAX / 4);
        assert_eq!(part(&mut times, 1), limits::MODULE_TIME);
    }
}
