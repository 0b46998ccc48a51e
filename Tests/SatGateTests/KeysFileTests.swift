import Gateway
import Governance
import Macaroons
import Testing

@testable import satgate

@Suite struct KeysFileTests {
    private static let hex = String(repeating: "01", count: 32)

    private func ring(_ text: String) throws -> KeyRing { try KeysFile.ring(in: YAMLNode.parse(text, file: "keys.yaml")) }

    @Test("keys are read with their tenants, and signed with what the file says")
    func reads() throws {
        let ring = try ring(
            """
            keys:
              - {id: k1, tenant: acme, secret_hex: "\(Self.hex)"}
              - id: sg
                tenant: ten_a
                secret: test-root-secret
                satgate_identifiers: true
              - {id: all, any_tenant: true, secret: another long secret}
            """)
        #expect(ring.keys.map(\.id) == ["k1", "sg", "all"])
        #expect(ring.keys.map(\.tenant?.text) == ["acme", "ten_a", nil])
        #expect(ring.keys.map(\.acceptsSatGate) == [false, true, false])
        let root = try RootKey(bytes: [UInt8](repeating: 1, count: 32))
        #expect(try ring.key("k1")?.root.fingerprint() == root.fingerprint())
        #expect(try ring.key("sg")?.root.fingerprint() == RootKey(secret: "test-root-secret").fingerprint())
    }

    @Test(
        "a bad file is refused with its line and the key's name, and quotes no secret",
        arguments: [
            ("", "keys.yaml: is empty"), ("a: 1", "keys.yaml:1: a: unknown key; known are keys"),
            ("keys: []", "keys.yaml:1: keys: no key is given"),
            ("keys: 5", "keys.yaml:1: keys: must be a list"),
            (
                "keys:\n- {id: k1, secret: 0123456789abcdef}",
                "keys.yaml:2: keys[0]: tenant: missing (any_tenant: true makes a key of all tenants)"
            ),
            ("keys:\n- {tenant: acme, secret: 0123456789abcdef}", "keys.yaml:2: keys[0]: id: missing"),
            ("keys:\n- {id: k1, tenant: acme}", "keys.yaml:2: keys[0]: secret_hex: missing (or secret)"),
            (
                "keys:\n- id: k1\n  tenant: Acme\n  secret: x",
                "keys.yaml:3: keys[0].tenant: must be a tenant's name: [a-z0-9][A-Za-z0-9._-]{0,63}"
            ),
            ("keys:\n- id: k1\n  tenant: acme\n  secret_hex: 5ec7e7", "keys.yaml:4: keys[0].secret_hex: must be 64 hex digits"),
            ("keys:\n- id: k1\n  tenant: acme\n  secret: 5ec7e7", "keys.yaml:4: keys[0].secret: must be a text of at least 16 characters"),
            (
                "keys:\n- {id: k1, tenant: acme, any_tenant: true, secret: 0123456789abcdef}",
                "keys.yaml:2: keys[0].tenant: cannot stand beside any_tenant: true"
            ),
            (
                "keys:\n- {id: k1, tenant: acme, secret: 0123456789abcdef}\n- {id: k1, tenant: acme, secret: 0123456789abcdeg}",
                "keys.yaml:3: keys[1]: id k1 is given twice"
            ),
            (
                "keys:\n- {id: k1, tenant: acme, secret: 0123456789abcdef}\n- {id: k2, tenant: globex, secret: 0123456789abcdef}",
                "keys.yaml:3: keys[1]: k1 and k2 have the same secret"
            ),
            ("keys:\n- secret: \"5ec7e7\n  id: [", "keys.yaml:3: is not YAML: found unexpected end of stream"),
            ("keys:\n- {id: k1, secret: 5ec7e7, secret: 5ec7e7}", "keys.yaml:2: is not YAML: a key is given twice"),
        ])
    func refuses(_ text: String, _ message: String) {
        let error = #expect(throws: ConfigurationError.self) { try ring(text) }
        #expect(error?.description == message)
        #expect(error?.description.contains("5ec7e7") == false)
    }
}
