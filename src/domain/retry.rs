//! Owns the delays before another attempt: of the log pump, links and backends, of webhooks, and of
//! a login after failures. Must not sleep: the callers do.

/// Returns how long the log pump, a link or a backend waits before attempt `attempt` (1 = first
/// retry). Unit: ms, 250..=30_000. Doubles up to 25 s, then spread by +-20 % with `random` in 0..1.
/// Never fails.
#[must_use]
pub fn backoff_ms(attempt: u32, random: f64) -> u64 {
    let base = 250_u64.saturating_mul(1 << attempt.saturating_sub(1).min(7)).min(25_000);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "25,000 fits")]
    let spread = (base as f64 * (0.8 + 0.4 * random.clamp(0.0, 1.0))) as u64;
    spread.clamp(250, 30_000)
}

/// Says whether failure number `failures` in a row gets a log line at the usual level: the first,
/// second, fourth, eighth and so on do. Work that is tried every second while a disk is full would
/// flood the log otherwise.
#[must_use]
pub const fn is_worth_a_line(failures: u32) -> bool {
    failures.is_power_of_two()
}

/// Returns how long a webhook waits before its next attempt, by the number of failures so far (from
/// 1). Unit: ms, 800..=72_000. Doubles from 1 s to 1 min, then spread by +-20 % with `random` in
/// 0..1. Never fails.
#[must_use]
pub fn webhook_backoff_ms(failures: u32, random: f64) -> u64 {
    let base = (1_000_u64 << failures.saturating_sub(1).min(6)).min(60_000);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "60,000 fits")]
    let spread = (base as f64 * (0.8 + 0.4 * random.clamp(0.0, 1.0))) as u64;
    spread
}

/// Returns how long a login must wait after its last failure, by the number of failures so far.
/// Unit: ms. Four failures cost nothing, because people mistype; the fifth costs 1 s, and each
/// further one doubles it up to 5 min. Never fails, never locks out.
#[must_use]
pub const fn login_delay_ms(failures: u64) -> u64 {
    const FREE_TRIES: u64 = 5;
    const LONGEST_MS: u64 = 300_000;
    if failures < FREE_TRIES {
        return 0;
    }
    let doublings = failures - FREE_TRIES;
    if doublings > 8 {
        return LONGEST_MS;
    }
    let delay = 1_000 << doublings;
    if delay > LONGEST_MS { LONGEST_MS } else { delay }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_within_its_bounds() {
        assert_eq!(backoff_ms(1, 0.5), 250);
        assert_eq!(backoff_ms(2, 0.5), 500);
        assert_eq!(backoff_ms(3, 0.0), 800);
        assert!((20_000..=30_000).contains(&backoff_ms(99, 1.0)));
        assert_eq!(backoff_ms(0, 0.0), 250);
    }

    #[test]
    fn a_day_of_failures_every_second_is_a_screen_of_lines() {
        assert_eq!((0..=9).filter(|failures| is_worth_a_line(*failures)).collect::<Vec<_>>(), [1, 2, 4, 8]);
        assert_eq!((0..86_400).filter(|failures| is_worth_a_line(*failures)).count(), 17);
    }

    #[test]
    fn a_webhook_is_tried_about_ten_times_in_five_minutes() {
        assert_eq!([0, 1, 2, 3, 7, 1000].map(|failures| webhook_backoff_ms(failures, 0.5)), [1_000, 1_000, 2_000, 4_000, 60_000, 60_000]);
        assert_eq!(webhook_backoff_ms(1, 0.0), 800);
        assert_eq!(webhook_backoff_ms(9, 1.0), 72_000);
        let five_minutes = (1..=9).map(|failures| webhook_backoff_ms(failures, 0.5)).sum::<u64>();
        assert!((240_000..=300_000).contains(&five_minutes), "{five_minutes}");
    }

    #[test]
    fn failed_logins_slow_down_but_never_lock() {
        assert_eq!([0, 4, 5, 6, 9].map(login_delay_ms), [0, 0, 1_000, 2_000, 16_000]);
        assert_eq!(login_delay_ms(13), 256_000);
        assert_eq!(login_delay_ms(1_000_000), 300_000);
    }
}
