import Testing

@testable import Upstreams

@Suite("Addresses that upstreams may have")
struct AddressGuardTests {
    private func allows(_ text: String, _ policy: EgressPolicy = EgressPolicy()) throws -> Bool {
        AddressGuard(policy: policy).allows(try #require(IPAddress(text)))
    }

    private static let locals = [
        "127.0.0.1", "127.255.255.254", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
        "100.127.255.254", "::1", "fc00::1", "fdff:ffff::1",
        // the same, wrapped
        "::ffff:127.0.0.1", "::ffff:10.1.2.3", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "2002:7f00:1::", "2002:c0a8:101::1",
        "2001:0:808:808::80ff:fffe",
    ]

    private static let specials = [
        "0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1",
        "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "100.100.100.200",
        "168.63.129.16", "::", "fe80::1", "febf::1", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1", "2001:2::1", "2001:10::1", "100::1",
        "fd00:ec2::254", "fd20:ce::254", "64:ff9b:1::1", "4000::1", "::ffff:0:7f00:1",
        // the same, wrapped
        "::ffff:169.254.169.254", "::ffff:0.0.0.0", "::169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b::0.0.0.0", "2002:a9fe:a9fe::1",
        "2002::1", "2001:0:a9fe:a9fe::f7f7:f7f7", "2001:0:808:808::5601:5601",
    ]

    @Test(
        "a public address is allowed, also one that is wrapped",
        arguments: [
            "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
            "192.167.255.255", "192.169.0.0", "169.253.255.255", "169.255.0.0", "223.255.255.255", "2606:4700::1111", "2a00::1",
            "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2001:0:808:808::f7f7:f7f7",
        ])
    func global(_ text: String) throws { #expect(try allows(text)) }

    @Test("a private address is refused, unless the operator opens private networks", arguments: locals)
    func local(_ text: String) throws {
        #expect(try !allows(text))
        #expect(try allows(text, EgressPolicy(allowsPrivateNetworks: true)))
    }

    @Test("a metadata, multicast or reserved address is refused, also where private networks are open", arguments: specials)
    func special(_ text: String) throws {
        #expect(try !allows(text))
        #expect(try !allows(text, EgressPolicy(allowsPrivateNetworks: true)))
    }

    @Test("a network that the operator names is open, whatever it is, and nothing beside it")
    func named() throws {
        let networks = try ["10.1.0.0/16", "169.254.169.254", "fd00:1::/32", "::1/128"].map { try #require(IPNetwork($0)) }
        let policy = EgressPolicy(allowedNetworks: networks)
        for text in ["10.1.0.0", "10.1.255.255", "::ffff:10.1.2.3", "169.254.169.254", "fd00:1::5", "::1", "8.8.8.8"] {
            #expect(try allows(text, policy), "\(text)")
        }
        for text in ["10.0.255.255", "10.2.0.0", "169.254.169.253", "fd00:2::5", "127.0.0.1", "::ffff:10.2.0.1"] {
            #expect(try !allows(text, policy), "\(text)")
        }
    }

    @Test(
        "what is no block of addresses is refused",
        arguments: [
            "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/-1", "10.0.0.0/+8", "10/8", "fd00::/129", "fd00::1/64", "a/8",
        ])
    func unreadable(_ text: String) { #expect(IPNetwork(text) == nil) }

    @Test("a block of length 0 is the whole family")
    func whole() throws {
        let policy = EgressPolicy(allowedNetworks: [try #require(IPNetwork("0.0.0.0/0"))])
        #expect(try allows("169.254.169.254", policy) && !allows("::1", policy))
    }
}
