/// An upstream's answer to our `server/discover`.
package struct DiscoverResult: Sendable, Hashable {
    /// The revisions it speaks.
    package let supportedVersions: [String]
    package let introduction: Introduction
    /// What it says that it has.
    package let capabilities: ServerCapabilities

    /// Reads a result with a list of revisions.
    package init(_ answer: Answer) throws(WireError) {
        let document = answer.message.document
        guard case .result = answer.kind, let versions = document.value("supportedVersions", in: .result).flatMap({ document.texts($0) })
        else { throw .invalidRequest(answer.id) }
        let info = document.value(.serverInfo, in: .resultMeta).flatMap { document.object($0) }
        supportedVersions = versions
        introduction = Introduction(
            name: info?.text(.name, in: .other), version: info?.text("version", in: .other),
            instructions: document.text("instructions", in: .result))
        capabilities = document.serverCapabilities
    }
}

extension Answer {
    /// The revisions that the upstream speaks, where that is why it refuses (-32022); empty where it does not say.
    package var supportedVersions: [String]? {
        guard kind == .error(code: ErrorCode.unsupportedVersion) else { return nil }
        let data = message.document.value("data", in: .error).flatMap { message.document.object($0) }
        return data?.value("supported", in: .other).flatMap { data?.texts($0) } ?? []
    }
}

extension JSONDocument {
    /// The texts in the array at `range`, others left out; nil where there is no array.
    fileprivate func texts(_ range: Range<Int>) -> [String]? {
        JSONScanner.elements(of: bytes, in: range).map { $0.compactMap { text($0) } }
    }
}
