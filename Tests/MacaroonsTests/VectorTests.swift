import Macaroons
import Testing

@Suite struct VectorTests {
    @Test("all vectors are there")
    func areThere() { #expect(Vector.all.count == 59) }

    @Test("a vector comes out as the engines that minted it agreed", arguments: Vector.all.filter { $0.strictness == .must })
    func mustHold(_ vector: Vector) throws {
        #expect(try vector.outcome() == vector.expect)
    }

    @Test(
        "where a reader may choose, the standard alphabet is read and a discharge is not",
        arguments: Vector.all.filter { $0.strictness == .may })
    func mayChoose(_ vector: Vector) throws {
        let chosen: [String: Vector.Outcome] = [
            "v2-standard-b64-padded": .authorized, "v2-third-party-discharged": .unauthorized,
        ]
        #expect(try vector.outcome() == chosen[vector.name])
    }

    @Test("a token with discharges is refused", arguments: Vector.all.filter { !$0.discharges.isEmpty })
    func dischargesAreRefused(_ vector: Vector) throws {
        #expect(try vector.outcome() == .unauthorized)
    }

    @Test("a readable v1 or v2 vector is written back byte for byte", arguments: Vector.all.filter { $0.expect != .malformed })
    func writtenBack(_ vector: Vector) throws {
        let macaroon = try Macaroon(decoding: vector.token)
        guard macaroon.encoding != .v2JSON else { return }
        let url = vector.token.replacing("/", with: "_").replacing("+", with: "-").replacing("=", with: "")
        #expect(macaroon.encoded() == url)
    }

    @Test("a third party's caveat is read as one, and refused under the right key")
    func thirdParty() throws {
        let vector = try #require(Vector.all.first { $0.name == "v2-third-party-undischarged" })
        let macaroon = try Macaroon(decoding: vector.token)
        let thirdParty = try #require(macaroon.caveats.last?.thirdParty)
        #expect(thirdParty.location == Array("https://auth.example/".utf8))
        #expect(macaroon.caveats.last?.identifier == Array("user-is-alice".utf8))
        let key = try RootKey(bytes: try #require(Hex.decode(Array(vector.key_hex.utf8))))
        #expect(macaroon.verify(rootKey: key) == nil)
        #expect(try macaroon.attenuated(by: Array("tenant_id = acme".utf8)).verify(rootKey: key) == nil)
    }
}
