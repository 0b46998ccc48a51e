import Foundation
import Logging

/// Writes one line of JSON per log event; control characters are escaped, so no text can forge a line.
struct JSONLogHandler: LogHandler {
    var metadata = Logger.Metadata()
    var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let threshold: LogLevels.Threshold
    /// A level of this logger's own, which is not turned with the others.
    private var ownLevel: Logger.Level?
    private let write: @Sendable ([UInt8]) -> Void

    /// `write` takes a whole line.
    init(label: String, threshold: LogLevels.Threshold, write: @escaping @Sendable ([UInt8]) -> Void) {
        self.label = label
        self.threshold = threshold
        self.write = write
    }

    var logLevel: Logger.Level {
        get { ownLevel ?? threshold.level }
        set { ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = Array("{".utf8)
        Self.append("time", Date.now.ISO8601Format(.init(includingFractionalSeconds: true)), to: &line)
        Self.append("level", event.level.rawValue, to: &line)
        Self.append("logger", label, to: &line)
        Self.append("message", event.message.description, to: &line)
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.merging(metadataProvider?.get() ?? [:]) { first, _ in first }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            // A name is never said twice in an object.
            Self.append(Self.own.contains(key) ? key + "_" : key, value.description, to: &line)
        }
        write(line + Array("}\n".utf8))
    }

    private static let own: Set<String> = ["time", "level", "logger", "message"]

    private static func append(_ key: String, _ value: String, to line: inout [UInt8]) {
        if line.count > 1 { line.append(UInt8(ascii: ",")) }
        quote(key, to: &line)
        line.append(UInt8(ascii: ":"))
        quote(value, to: &line)
    }

    /// Also what only some readers take for a control character or the end of a line.
    private static func quote(_ text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5c: line += [UInt8(ascii: "\\"), UInt8(truncatingIfNeeded: scalar.value)]
            case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029:
                let digits = String(scalar.value, radix: 16)
                line += "\\u\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)".utf8
            default: line += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            }
        }
        line.append(UInt8(ascii: "\""))
    }
}
