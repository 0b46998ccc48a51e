import NIOCore
import Testing

@testable import Gateway

@Suite("The door of the agents' port")
struct DoorTests {
    private func address(_ text: String) throws -> PeerAddress { PeerAddress(try SocketAddress(ipAddress: text, port: 1)) }

    private func door(connections: Int, perAddress: Int) -> Door {
        var limits = ListenerLimits()
        (limits.connections, limits.connectionsPerAddress) = (connections, perAddress)
        return Door(limits)
    }

    @Test("lets in as many as there may be, and one more for each that leaves")
    func node() throws {
        let door = door(connections: 3, perAddress: 3)
        let addresses = try ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map { try address($0) }
        for each in addresses { #expect(door.enter(each) == nil) }
        #expect(door.enter(addresses[0]) == .node)
        door.leave(addresses[1])
        #expect(door.enter(addresses[0]) == nil)
        #expect(door.enter(addresses[1]) == .node)
    }

    @Test("lets in no more of one address than may be, whatever others do")
    func oneAddress() throws {
        let door = door(connections: 10, perAddress: 2)
        let (greedy, other) = (try address("10.0.0.1"), try address("10.0.0.2"))
        #expect([door.enter(greedy), door.enter(greedy)] == [nil, nil])
        #expect(door.enter(greedy) == .address)
        #expect(door.enter(other) == nil)
        door.leave(greedy)
        #expect(door.enter(greedy) == nil)
    }

    @Test("takes a network of 64 bits for one address of IPv6, and an IPv4 address for the same in either form")
    func networks() throws {
        #expect(try address("2001:db8:1:2::1") == address("2001:db8:1:2:ffff:ffff:ffff:ffff"))
        #expect(try address("2001:db8:1:2::1") != address("2001:db8:1:3::1"))
        #expect(try address("::ffff:10.0.0.1") == address("10.0.0.1"))
        #expect(try address("10.0.0.1") != address("10.0.0.2"))
        #expect(try address("::a00:1") != address("10.0.0.1"))
    }

    @Test("leaves a quarter of the descriptors to all else")
    func descriptors() {
        let limits = ListenerLimits()
        #expect(limits.within(descriptors: 1024).connections == 768)
        #expect(limits.within(descriptors: 1 << 20).connections == limits.connections)
        #expect(limits.within(descriptors: 0).connections == 1)
    }
}
