import Governance
import NIOCore
import Secrets
import Synchronization

/// The secrets that tenants' documents refer to, as this node has them: variables of its environment at start, and files, which may change.
final class NodeSecrets: Sendable, Redacted {
    private struct File {
        var stamp: NodeFile.Stamp?
        /// Nil where there is no usable text.
        var text: SecretBytes?
        var lookedAt: NIODeadline
    }

    /// A file is looked at no more often.
    static let pause = TimeAmount.seconds(1)

    private let environment: [String: String]
    private let files: Mutex<[String: File]> = Mutex([:])

    init(environment: [String: String]) { self.environment = environment }

    /// The template with all values put in; nil where one is missing, empty, or cannot stand in a header or form.
    func value(of template: Template) -> String? {
        var value = ""
        for part in template.parts {
            guard let text = text(of: part), HeaderText.isValue(text) else { return nil }
            value += text
        }
        return value
    }

    private func text(of part: Template.Part) -> String? {
        switch part {
        case .literal(let text): text
        case .environment(let name): environment[name].flatMap { $0.isEmpty ? nil : $0 }
        case .file(let path): text(ofFile: path)
        }
    }

    private func text(ofFile path: String) -> String? {
        files.withLock { files in
            let now = NIODeadline.now()
            if let known = files[path], now - known.lookedAt < Self.pause { return known.text?.text }
            let stamp = NodeFile.stamp(of: path)
            if let known = files[path], known.stamp == stamp, stamp != nil {
                files[path]?.lookedAt = now
                return known.text?.text
            }
            let read = NodeFile.read(path)
            files[path] = File(stamp: read?.stamp, text: read.flatMap { Self.text($0.bytes) }, lookedAt: now)
            return files[path]?.text?.text
        }
    }

    /// Without the newlines at its end; nil where nothing is left or it is no text.
    private static func text(_ content: [UInt8]) -> SecretBytes? {
        var content = content
        defer { content.withUnsafeMutableBytes { SecretBytes.overwrite($0) } }
        var bytes = content[...]
        while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { bytes.removeLast() }
        return bytes.isEmpty || String(validating: bytes, as: UTF8.self) == nil ? nil : SecretBytes(bytes)
    }
}

extension SecretBytes {
    /// What they spell; a copy that nothing overwrites.
    fileprivate var text: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}
