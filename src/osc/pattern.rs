//! Address patterns of OSC 1.0.

/// What a pattern is made of.
enum Piece<'a> {
    /// This character.
    Literal(u8),
    /// `?`: any one character of a part.
    Any,
    /// `*`: any characters of a part, or none.
    Many,
    /// `[a-z]`, `[!a-z]`: one character of these, or not of these.
    Class { negated: bool, inside: &'a [u8] },
    /// `{ping,status}`: one of these.
    Choice(&'a [u8]),
    /// `//`, which OSC 1.1 adds: a slash, after any number of whole parts.
    Deep,
}

/// The places in an address up to which a pattern may have been read. All of
/// them are followed at once, so that no pattern takes longer than its length
/// times the address's.
type Places = Vec<bool>;

/// Whether `pattern`, which may be a plain address, means `address`.
pub fn matches(pattern: &[u8], address: &str) -> bool {
    let address = address.as_bytes();
    let mut places = vec![false; address.len() + 1];
    places[0] = true;
    let mut rest = pattern;
    while !rest.is_empty() {
        let Some((piece, after)) = first_piece(rest) else {
            return false;
        };
        places = piece.read(&places, address);
        if !places.contains(&true) {
            return false;
        }
        rest = after;
    }
    places[address.len()]
}

/// The first piece of `pattern` and what follows it; none where a bracket is not closed.
fn first_piece(pattern: &[u8]) -> Option<(Piece<'_>, &[u8])> {
    let until = |end: u8| {
        let length = pattern.iter().position(|&c| c == end)?;
        Some((&pattern[1..length], &pattern[length + 1..]))
    };
    Some(match pattern {
        [b'?', rest @ ..] => (Piece::Any, rest),
        [b'*', rest @ ..] => (Piece::Many, rest),
        [b'/', b'/', rest @ ..] => (Piece::Deep, rest),
        [b'[', ..] => {
            let (inside, rest) = until(b']')?;
            let piece = match inside {
                [b'!', inside @ ..] => Piece::Class {
                    negated: true,
                    inside,
                },
                inside => Piece::Class {
                    negated: false,
                    inside,
                },
            };
            (piece, rest)
        }
        [b'{', ..] => {
            let (choices, rest) = until(b'}')?;
            (Piece::Choice(choices), rest)
        }
        [c, rest @ ..] => (Piece::Literal(*c), rest),
        [] => return None,
    })
}

impl Piece<'_> {
    /// Where reading may go on after this piece, from `places` on.
    fn read(&self, places: &Places, address: &[u8]) -> Places {
        let mut after = vec![false; places.len()];
        for (place, _) in places.iter().enumerate().filter(|(_, is_one)| **is_one) {
            let rest = &address[place..];
            let part = rest.iter().take_while(|&&c| c != b'/').count();
            let next = rest.first();
            match self {
                Piece::Literal(c) if next == Some(c) => after[place + 1] = true,
                Piece::Any if part > 0 => after[place + 1] = true,
                Piece::Many => after[place..=place + part].fill(true),
                Piece::Class { negated, inside }
                    if part > 0 && is_in_class(rest[0], inside) != *negated =>
                {
                    after[place + 1] = true;
                }
                Piece::Choice(choices) => {
                    for choice in choices.split(|&c| c == b',') {
                        if rest.starts_with(choice) {
                            after[place + choice.len()] = true;
                        }
                    }
                }
                Piece::Deep if next == Some(&b'/') => {
                    for (n, _) in rest.iter().enumerate().filter(|(_, c)| **c == b'/') {
                        after[place + n + 1] = true;
                    }
                }
                _ => {}
            }
        }
        after
    }
}

/// Whether `c` is one of `inside`, in which `a-z` is a range. A `-` at either end is a `-`.
fn is_in_class(c: u8, inside: &[u8]) -> bool {
    match inside {
        [first, b'-', last, rest @ ..] => (first..=last).contains(&&c) || is_in_class(c, rest),
        [one, rest @ ..] => *one == c || is_in_class(c, rest),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: &str = "/antiphon/ping";

    #[test]
    fn patterns_mean_what_the_specification_says() {
        for pattern in [
            "/antiphon/ping",
            "/antiphon/*",
            "/*/*",
            "/*/ping",
            "/antiphon/p*",
            "/antiphon/*g",
            "/antiphon/p*i*g",
            "/antiphon/**",
            "/antiphon/ping*",
            "/antiphon/?ing",
            "/antiphon/????",
            "/antiphon/*????",
            "/antiphon/[p]ing",
            "/antiphon/[a-z]ing",
            "/antiphon/[!a-o]ing",
            "/antiphon/[x-zop]ing",
            "/antiphon/[-p]ing",
            "/antiphon/[p-]ing",
            "/antiphon/{ping,status}",
            "/antiphon/{status,ping}",
            "/antiphon/{p,pi}ng",
            "/antiphon/{,p}{,ing}",
            "/{antiphon,other}/[o-q]?*g",
            "/antiphon/*{n,in}g",
            "//ping",
            "/antiphon//ping",
            "//antiphon/ping",
        ] {
            assert!(matches(pattern.as_bytes(), PING), "{pattern}");
        }
    }

    #[test]
    fn what_means_another_address_does_not_match() {
        for pattern in [
            "",
            "/",
            "*",
            "/*",
            "/antiphon",
            "/antiphon/",
            "/antiphon/ping/",
            "/antiphon/pin",
            "/antiphon/pings",
            "/antiphon/Ping",
            "/antiphon/?????",
            "/antiphon/*?????",
            "/antiphon?ping",
            "/antiphon[!a]ping",
            "/antiphon/[!p]ing",
            "/antiphon/[q-z]ing",
            "/antiphon/[z-a]ing",
            "/antiphon/[]ing",
            "/antiphon/[ping",
            "/antiphon/{ping",
            "/antiphon/{status,pong}",
            "/antiphon/{p*}ing",
            "/antiphon/*x",
            "//pong",
            "//",
        ] {
            assert!(!matches(pattern.as_bytes(), PING), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_made_to_take_for_ever_does_not() {
        let begun = std::time::Instant::now();
        for piece in ["*", "*?", "{,p,pi}", "[!x]*", "*a", "//"] {
            let pattern = piece.repeat(60_000 / piece.len());
            matches(&[b"/*/", pattern.as_bytes()].concat(), PING);
        }
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }
}
