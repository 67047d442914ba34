//! Percentiles and medians of exact samples.

use serde::Serialize;

/// Latencies of one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Latencies {
    /// Half of the samples are at most this large. Unit of all: ms.
    pub p50_ms: f64,
    /// 95 of 100 samples are at most this large.
    pub p95_ms: f64,
    /// 99 of 100 samples are at most this large.
    pub p99_ms: f64,
    /// The largest sample.
    pub max_ms: f64,
}

impl Latencies {
    /// Takes samples in µs, in any order; all zero without samples.
    pub fn of_us(mut samples: Vec<u64>) -> Self {
        samples.sort_unstable();
        let at = |share| percentile(&samples, share) as f64 / 1000.0;
        Self { p50_ms: at(0.50), p95_ms: at(0.95), p99_ms: at(0.99), max_ms: at(1.0) }
    }
}

/// Returns the smallest sample that is at least as large as the share `share` (0..=1) of all
/// samples (nearest rank); 0 without samples. `sorted` is in ascending order.
pub fn percentile(sorted: &[u64], share: f64) -> u64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(0)
}

/// Returns the middle value, or the mean of the two in the middle; `None` without values.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    let upper = *values.get(half)?;
    if values.len() % 2 == 1 { Some(upper) } else { Some((values.get(half - 1)? + upper) / 2.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let samples: Vec<u64> = (1..=100).collect();
        assert_eq!([0.0, 0.5, 0.95, 0.99, 1.0].map(|share| percentile(&samples, share)), [1, 50, 95, 99, 100]);
        assert_eq!([0.5, 0.99].map(|share| percentile(&[7], share)), [7, 7]);
        assert_eq!([0.5, 0.51].map(|share| percentile(&[1, 2], share)), [1, 2]);
        assert_eq!(percentile(&[], 0.5), 0);
    }

    #[test]
    fn latencies_sort_their_samples_and_turn_into_ms() {
        let latencies = Latencies::of_us(vec![3000, 1000, 2000, 500]);
        assert_eq!(latencies, Latencies { p50_ms: 1.0, p95_ms: 3.0, p99_ms: 3.0, max_ms: 3.0 });
        assert_eq!(Latencies::of_us(Vec::new()), Latencies::default());
    }

    #[test]
    fn medians_do_not_need_order() {
        assert_eq!(median([9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0]), Some(2.5));
        assert_eq!(median([]), None);
    }
}
