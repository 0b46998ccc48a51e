import Foundation

/// An event as people read it: when, whose, what, and its data.
struct EventLine {
    /// A value in an event's data.
    private enum Value: Decodable {
        case text(String)
        case number(Decimal)
        case flag(Bool)
        case null
        case list([Value])
        case members([String: Value])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(Decimal.self) {
                self = .number(number)
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let list = try? container.decode([Value].self) {
                self = .list(list)
            } else {
                self = .members(try container.decode([String: Value].self))
            }
        }

        var text: String {
            switch self {
            case .text(let text): printable(text)
            case .number(let number): "\(number)"
            case .flag(let flag): "\(flag)"
            case .null: "-"
            case .list(let list): "[\(list.map(\.text).joined(separator: "; "))]"
            case .members(let members): EventLine.told(members)
            }
        }
    }

    private struct Envelope: Decodable {
        let type: String
        let timestamp, tenantId, budgetId, sessionId: String?
        let data: [String: Value]?
    }

    /// The line, without its end.
    let text: String

    /// Nil for what is no event.
    init?(_ json: String) {
        guard let event = try? JSONDecoder().decode(Envelope.self, from: Data(json.utf8)) else { return nil }
        var columns = [
            padded(event.timestamp.map(printable) ?? "-", 24), padded(printable(event.tenantId ?? "_"), 12),
            padded(printable(event.type), 19),
        ]
        if let session = event.sessionId { columns.append("session=\(printable(String(session.prefix(8))))") }
        if let budget = event.budgetId { columns.append("budget=\(printable(budget))") }
        if let data = event.data, !data.isEmpty { columns.append(Self.told(data)) }
        text = columns.joined(separator: "  ")
    }

    private static func told(_ members: [String: Value]) -> String {
        members.sorted { $0.key < $1.key }.map { "\(printable($0.key))=\($0.value.text)" }.joined(separator: " ")
    }
}
