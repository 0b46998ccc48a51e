/// Several messages in one body, as one revision has them. Each element is read from its own bytes, as if it had come alone.
package struct Batch: Sendable {
    /// Why a body is no batch.
    package enum Flaw: Error, Sendable, Hashable {
        /// Not JSON.
        case malformed
        case empty
        /// More than `mostMessages`.
        case tooLarge
    }

    /// In the order of the body; one that cannot be read hides no other.
    package let entries: [Result<Message, WireError>]

    /// Messages that one batch may have.
    package static let mostMessages = 64

    /// Whether the body is an array, if it is JSON at all.
    package static func isOpened(by bytes: [UInt8]) -> Bool {
        let first = bytes.first { byte in
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: false
            default: true
            }
        }
        return first == UInt8(ascii: "[")
    }

    /// Reads an array.
    package init(_ bytes: [UInt8]) throws(Flaw) {
        guard let document = try? JSONDocument(bytes, as: .other),
            let elements = JSONScanner.elements(of: bytes, in: document.root)
        else { throw .malformed }
        guard !elements.isEmpty else { throw .empty }
        guard elements.count <= Self.mostMessages else { throw .tooLarge }
        entries = elements.map { element in
            Result { () throws(WireError) in
                let message = try Message(document.raw(element))
                // The handshake comes before there is anything to agree on.
                if message.method == Method.initialize, message.kind == .request { throw .invalidRequest(message.id) }
                return message
            }
        }
    }

    /// The answers to a batch as one body.
    package static func joined(_ answers: [[UInt8]]) -> [UInt8] {
        [UInt8(ascii: "[")] + answers.joined(separator: ",".utf8) + [UInt8(ascii: "]")]
    }
}

extension RequestID {
    /// The JSON token of one id, or an array of several.
    package static func joined(_ ids: [RequestID]) -> [UInt8] { ids.count == 1 ? ids[0].raw : Batch.joined(ids.map(\.raw)) }

    /// The ids in what `joined` made.
    package static func separated(_ bytes: [UInt8]) -> [RequestID] {
        guard Batch.isOpened(by: bytes) else { return RequestID(raw: bytes).map { [$0] } ?? [] }
        let elements = JSONScanner.elements(of: bytes, in: 0..<bytes.count) ?? []
        return elements.compactMap { RequestID(raw: Array(bytes[$0])) }
    }
}
