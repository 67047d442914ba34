//! Random numbers that are the same for the same seed, and the damage that they do to an input.

/// Pieces that break parsers: of JSON, of queries, of UTF-8, and numbers at their limits.
const TOKENS: [&[u8]; 40] = [
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"\"\"",
    b"-",
    b"0",
    b"1e999",
    b"-1",
    b"18446744073709551616",
    b"\\u0000",
    b"\\ud800",
    b"\\u",
    b"\0",
    b"\n",
    b" ",
    b"\xFF",
    b"\xC0\x80",
    b"\xED\xA0\x80",
    b"\xF4\x90\x80\x80",
    "é".as_bytes(),
    "\u{2028}".as_bytes(),
    b"&",
    b"=",
    b"%",
    b"%00",
    b"%2",
    b"+",
    b"#",
    b".",
    b"presence-",
    b"client-",
];

/// A generator of numbers: SplitMix64, whose every seed is good.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`, 0 for an `end` of 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub fn byte(&mut self) -> u8 {
        self.next() as u8
    }

    /// Says yes once in `times`.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Returns a range within `length`, short most of the time.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let most = if self.one_in(8) { length - start } else { (length - start).min(8) };
        start..start + self.below(most + 1)
    }
}

/// Damages an input at up to four positions; one in eight stays whole. `others` are inputs to mix
/// it with.
pub fn damage(dice: &mut Dice, mut bytes: Vec<u8>, others: &[&[u8]]) -> Vec<u8> {
    if dice.one_in(8) {
        return bytes;
    }
    for _ in 0..=dice.below(4) {
        damage_once(dice, &mut bytes, others);
    }
    bytes
}

fn damage_once(dice: &mut Dice, bytes: &mut Vec<u8>, others: &[&[u8]]) {
    let range = dice.range(bytes.len());
    match dice.below(9) {
        0 => bytes.truncate(range.start),
        1 => drop(bytes.drain(range)),
        2 => {
            let copy = bytes[range.clone()].to_vec();
            let at = dice.below(bytes.len() + 1);
            bytes.splice(at..at, copy);
        }
        3 => {
            let bit = 1 << dice.below(8);
            bytes.get_mut(range.start).into_iter().for_each(|byte| *byte ^= bit);
        }
        4 => {
            let fresh = dice.byte();
            bytes.get_mut(range.start).into_iter().for_each(|byte| *byte = fresh);
        }
        5 => {
            let other = *dice.pick(others);
            let piece = dice.range(other.len());
            bytes.splice(range, other[piece].iter().copied());
        }
        6 => drop(bytes.splice(range, dice.pick(&TOKENS).iter().copied())),
        _ => drop(bytes.splice(range.start..range.start, dice.pick(&TOKENS).iter().copied())),
    }
}
