//! This machine's addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The address by which other machines reach this one, as far as it is known: that of
/// packets on their way to the rest of the world. None is sent. Without a way there it is
/// the machine's own for itself.
pub fn own_address(is_v6: bool) -> IpAddr {
    // Addresses that are for documentation, and nobody's.
    let (any, far): (IpAddr, IpAddr) = match is_v6 {
        true => (
            Ipv6Addr::UNSPECIFIED.into(),
            Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
        ),
        false => (
            Ipv4Addr::UNSPECIFIED.into(),
            Ipv4Addr::new(192, 0, 2, 1).into(),
        ),
    };
    let ask = || {
        let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
        socket.connect(SocketAddr::new(far, 9))?;
        socket.local_addr()
    };
    let itself = match is_v6 {
        true => Ipv6Addr::LOCALHOST.into(),
        false => Ipv4Addr::LOCALHOST.into(),
    };
    ask().map_or(itself, |address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_an_address_of_its_kind() {
        assert!(own_address(false).is_ipv4());
        assert!(own_address(true).is_ipv6());
        assert!(!own_address(false).is_unspecified());
    }
}
