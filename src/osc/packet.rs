//! The messages in a packet of OSC 1.0, as far as their addresses. Arguments are read
//! only of those that need some, so that no other is refused for how its are written.

use rosc::{OscPacket, OscType};

use super::Refusal;

/// Bundles in bundles are opened no deeper: nobody means more by them.
pub const DEEPEST: usize = 8;
/// Messages that may be in a packet: more than any patch asks at once.
pub const MOST_MESSAGES: usize = 1024;

const BUNDLE: &[u8] = b"#bundle";
/// `#bundle`, its zero and its time tag.
const BUNDLE_HEAD: usize = 16;

/// One message.
#[derive(Clone, Copy)]
pub struct HeardMessage<'a> {
    /// Its address, which may be a pattern.
    pub address: &'a [u8],
    bytes: &'a [u8],
}

impl HeardMessage<'_> {
    /// Its arguments, or why they cannot be read. Symbols are strings.
    pub fn arguments(&self) -> Result<Vec<OscType>, String> {
        // Some programs leave out the type tags of what has no arguments.
        if !self.bytes.contains(&b',') {
            return Ok(vec![]);
        }
        let bytes = with_strings_for_symbols(self.bytes);
        if array_depth(&bytes) > DEEPEST {
            return Err(format!("arrays lie in arrays more than {DEEPEST} deep"));
        }
        match rosc::decoder::decode_udp(&bytes) {
            Ok((_, OscPacket::Message(message))) => Ok(message.args),
            Ok((_, OscPacket::Bundle(_))) => Ok(vec![]),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// How deep arrays lie in arrays: whoever reads them, or lets go of them, goes as deep.
fn array_depth(message: &[u8]) -> usize {
    let tags = message.iter().skip_while(|byte| **byte != b',');
    let (mut depth, mut deepest) = (0_usize, 0);
    for tag in tags.take_while(|byte| **byte != 0) {
        match tag {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// `message` with the type tag `s` wherever it has `S`, which is written in the same way.
fn with_strings_for_symbols(message: &[u8]) -> Vec<u8> {
    let mut bytes = message.to_vec();
    let tags = message.iter().position(|&byte| byte == b',');
    for byte in bytes.iter_mut().skip(tags.unwrap_or(message.len())) {
        match *byte {
            0 => break,
            b'S' => *byte = b's',
            _ => {}
        }
    }
    bytes
}

/// What is in a packet.
#[derive(Default)]
pub struct Contents<'a> {
    /// Its messages, in their order.
    pub messages: Vec<HeardMessage<'a>>,
    /// Why other things in it were dropped.
    pub refusals: Vec<Refusal>,
}

impl<'a> Contents<'a> {
    /// Opens `packet`.
    ///
    /// # Errors
    ///
    /// Where it must be dropped as a whole.
    pub fn of(packet: &'a [u8]) -> Result<Contents<'a>, Refusal> {
        let mut contents = Contents::default();
        contents.open(packet, 0)?;
        Ok(contents)
    }

    fn open(&mut self, packet: &'a [u8], depth: usize) -> Result<(), Refusal> {
        if self.messages.len() + self.refusals.len() >= MOST_MESSAGES {
            return Err(Refusal::TooMany);
        }
        match packet.first() {
            None => self.refusals.push(Refusal::Empty),
            Some(b'/') => self.messages.push(HeardMessage {
                address: address(packet),
                bytes: packet,
            }),
            Some(_) if is_bundle(packet) && depth == DEEPEST => return Err(Refusal::TooDeep),
            Some(_) if is_bundle(packet) => self.open_bundle(packet, depth)?,
            Some(_) => self.refusals.push(Refusal::NoOsc),
        }
        Ok(())
    }

    /// What its time tag asks is not done: a question has no other time than now.
    fn open_bundle(&mut self, bundle: &'a [u8], depth: usize) -> Result<(), Refusal> {
        let mut rest = bundle.get(BUNDLE_HEAD..).unwrap_or_else(|| {
            self.refusals.push(Refusal::CutOff);
            &[]
        });
        while !rest.iter().all(|&byte| byte == 0) {
            let element = rest.split_first_chunk().and_then(|(length, rest)| {
                rest.split_at_checked(u32::from_be_bytes(*length) as usize)
            });
            let Some((element, after)) = element else {
                self.refusals.push(Refusal::CutOff);
                break;
            };
            self.open(element, depth + 1)?;
            rest = after;
        }
        Ok(())
    }
}

fn is_bundle(packet: &[u8]) -> bool {
    packet.starts_with(BUNDLE) && matches!(packet.get(BUNDLE.len()), None | Some(0))
}

/// The address that `message` begins with. It ends with a zero, and where a
/// sender forgot that, with the comma of the type tags or the packet itself.
fn address(message: &[u8]) -> &[u8] {
    let mut in_braces = false;
    let is_end = |c: &u8| {
        match c {
            b'{' => in_braces = true,
            b'}' => in_braces = false,
            _ => {}
        }
        *c == 0 || (*c == b',' && !in_braces)
    };
    let end = message.iter().position(is_end);
    &message[..end.unwrap_or(message.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(elements: &[&[u8]]) -> Vec<u8> {
        let mut bundle = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
        for element in elements {
            bundle.extend((element.len() as u32).to_be_bytes());
            bundle.extend(*element);
        }
        bundle
    }

    fn nested(depth: usize) -> Vec<u8> {
        (0..depth).fold(b"/a\0\0,\0\0\0".to_vec(), |inner, _| bundle(&[&inner]))
    }

    fn addresses(packet: &[u8]) -> Vec<String> {
        let contents = Contents::of(packet).unwrap();
        assert_eq!(contents.refusals, []);
        let text = |message: &HeardMessage| String::from_utf8_lossy(message.address).into_owned();
        contents.messages.iter().map(text).collect()
    }

    #[test]
    fn an_address_ends_where_it_ends() {
        for packet in [
            &b"/a/b\0\0\0\0,\0\0\0"[..],
            b"/a/b\0\0\0\0,iiii\0\0\0",
            b"/a/b\0\0\0\0",
            b"/a/b\0",
            b"/a/b",
            b"/a/b,\0\0\0",
            b"/a/b\0,f\0",
            b"/a/b\0\xff\xfe",
        ] {
            assert_eq!(addresses(packet), ["/a/b"], "{packet:?}");
        }
        assert_eq!(addresses(b"/{a,b}\0\0,\0\0\0"), ["/{a,b}"]);
        assert_eq!(addresses(b"/{a,b},\0\0\0"), ["/{a,b}"]);
    }

    #[test]
    fn arguments_are_read_and_symbols_are_strings() {
        let arguments = |packet: &[u8]| Contents::of(packet).unwrap().messages[0].arguments();
        assert_eq!(
            arguments(b"/a\0\0,Sfs\0\0\0\0S,S\0\x3f\0\0\0S\0\0\0"),
            Ok(vec!["S,S".into(), OscType::Float(0.5), "S".into()])
        );
        assert_eq!(arguments(b"/a\0\0"), Ok(vec![]));
        let depth = 30_000;
        let tags = [vec![b'['; depth], vec![b']'; depth], vec![0; 3]].concat();
        let deep = [b"/a\0\0,", &tags[..]].concat();
        assert!(arguments(&deep).unwrap_err().contains("deep"));
        assert!(arguments(b"/a\0\0,f\0\0").is_err());
    }

    #[test]
    fn bundles_are_opened_as_deep_as_they_may_be() {
        let (a, b) = (&b"/a\0\0,\0\0\0"[..], &b"/b\0\0,\0\0\0"[..]);
        let packet = bundle(&[a, &bundle(&[b, &bundle(&[])]), a]);
        assert_eq!(addresses(&packet), ["/a", "/b", "/a"]);
        assert_eq!(addresses(&nested(DEEPEST)), ["/a"]);
        assert_eq!(
            Contents::of(&nested(DEEPEST + 1)).err(),
            Some(Refusal::TooDeep)
        );
        assert_eq!(Contents::of(&nested(3000)).err(), Some(Refusal::TooDeep));
    }

    #[test]
    fn a_packet_holds_so_many_messages_and_no_more() {
        let message = &b"/a\0\0"[..];
        let most = bundle(&vec![message; MOST_MESSAGES]);
        assert_eq!(addresses(&most).len(), MOST_MESSAGES);
        let more = bundle(&vec![message; MOST_MESSAGES + 1]);
        assert_eq!(Contents::of(&more).err(), Some(Refusal::TooMany));
        let rubbish = bundle(&vec![&b"text"[..]; MOST_MESSAGES + 1]);
        assert_eq!(Contents::of(&rubbish).err(), Some(Refusal::TooMany));
    }

    #[test]
    fn what_is_wrong_with_one_thing_in_a_bundle_does_not_harm_the_others() {
        let mut packet = bundle(&[b"/a\0\0", b"text", b"", b"/b\0\0"]);
        packet.extend([0, 0, 0, 0]);
        let contents = Contents::of(&packet).unwrap();
        let found: Vec<&[u8]> = contents.messages.iter().map(|m| m.address).collect();
        assert_eq!(found, [&b"/a"[..], b"/b"]);
        assert_eq!(contents.refusals, [Refusal::NoOsc, Refusal::Empty]);
        packet.extend(b"\xff\xff\xff\xff/c\0\0");
        let contents = Contents::of(&packet).unwrap();
        let found: Vec<&[u8]> = contents.messages.iter().map(|m| m.address).collect();
        assert_eq!(found, [&b"/a"[..], b"/b"]);
        assert_eq!(
            contents.refusals,
            [
                Refusal::NoOsc,
                Refusal::Empty,
                Refusal::Empty,
                Refusal::CutOff
            ]
        );
        for cut in [
            &b"#bundle"[..],
            b"#bundle\0\0\0\0",
            b"#bundle\0\0\0\0\0\0\0\0",
        ] {
            assert_eq!(Contents::of(cut).unwrap().refusals, [Refusal::CutOff]);
        }
        assert_eq!(
            Contents::of(b"#bundles\0\0\0\0").unwrap().refusals,
            [Refusal::NoOsc]
        );
    }
}
