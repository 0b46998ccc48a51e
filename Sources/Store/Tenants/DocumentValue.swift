import FoundationEssentials
import Governance
import MCPWire

/// A value of a stored document: JSON without `null`, its numbers kept as decimal texts.
package enum DocumentValue: Sendable, Hashable {
    case object([String: DocumentValue])
    case list([DocumentValue])
    case text(String)
    case number(String)
    case flag(Bool)

    /// The one JSON text of the value: no white space, keys in the order of their bytes.
    package var json: String {
        var out: [UInt8] = []
        append(to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// The members of an object in the order of their keys' bytes; empty for any other value.
    package var members: [(key: String, value: DocumentValue)] {
        guard case .object(let members) = self else { return [] }
        return members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    private func append(to out: inout [UInt8]) {
        switch self {
        case .object:
            for (index, member) in members.enumerated() {
                out.append(index == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
                JSONText.append(string: member.key, to: &out)
                out.append(UInt8(ascii: ":"))
                member.value.append(to: &out)
            }
            out.append(contentsOf: members.isEmpty ? "{}".utf8 : "}".utf8)
        case .list(let elements):
            out.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                element.append(to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .text(let text): JSONText.append(string: text, to: &out)
        case .number(let number): JSONText.append(decimal: number, to: &out)
        case .flag(let flag): out.append(contentsOf: (flag ? "true" : "false").utf8)
        }
    }
}

extension DocumentValue: Decodable {
    /// Reads JSON of any kind but `null`.
    init(json: String) throws(StoreError) {
        do { self = try JSONDecoder().decode(DocumentValue.self, from: Data(json.utf8)) } catch {
            throw .corrupt("tenant document: not JSON")
        }
    }

    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? value.decode(Decimal.self) {
            self = .number(number.description)
        } else if let elements = try? value.decode([DocumentValue].self) {
            self = .list(elements)
        } else {
            self = .object(try value.decode([String: DocumentValue].self))
        }
    }
}
