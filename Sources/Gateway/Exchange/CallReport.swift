import Governance
import MCPWire
import Upstreams

/// What came of a call, as it is recorded for those who ask for it again under its key: told anew to each of them in the words of its revision.
enum CallReport {
    case answer(Answer)
    case failure(Failure, UpstreamName)

    /// Why there is no answer.
    enum Failure: Equatable {
        case timedOut
        case broken(reason: String)
        /// Its agent gave the call up.
        case cancelled
    }

    /// The most bytes that are kept.
    static let limit = 256 << 10

    /// How a failed call is reported; `isCancelled`: it failed because its agent gave it up.
    init(_ failure: UpstreamFailure, of upstream: UpstreamName, isCancelled: Bool) {
        if case .timedOut = failure {
            self = .failure(.timedOut, upstream)
        } else {
            self = .failure(isCancelled ? .cancelled : .broken(reason: failure.reason), upstream)
        }
    }

    /// The refusal that tells of the failure; nil for an answer.
    var refusal: Refusal? {
        switch self {
        case .answer: nil
        case .failure(.timedOut, let upstream): .upstream(.timedOut, upstream)
        case .failure(.broken(let reason), let upstream): .upstream(.broken(reason: reason), upstream)
        case .failure(.cancelled, let upstream): .cancelled(upstream)
        }
    }
}

// MARK: Bytes

extension CallReport {
    /// A letter that tells the kind, and the rest: the upstream's answer as it came, or the upstream's name and, behind a space, the reason.
    var bytes: [UInt8] {
        switch self {
        case .answer(let answer): [UInt8(ascii: answer.era == .modern ? "m" : "h")] + answer.message.bytes
        case .failure(.timedOut, let upstream): Array("t\(upstream)".utf8)
        case .failure(.broken(let reason), let upstream): Array("b\(upstream) \(reason)".utf8)
        case .failure(.cancelled, let upstream): Array("c\(upstream)".utf8)
        }
    }

    /// Reads `bytes` back; nil for what this version does not know.
    init?(_ bytes: [UInt8]) {
        let rest = Array(bytes.dropFirst())
        switch bytes.first {
        case UInt8(ascii: "m"): self.init(answer: rest, era: .modern)
        case UInt8(ascii: "h"): self.init(answer: rest, era: .legacy)
        case let kind?:
            let parts = String(decoding: rest, as: UTF8.self).split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            guard let upstream = UpstreamName(parts.first.map(String.init) ?? ""),
                let failure = Failure(kind, parts.count > 1 ? String(parts[1]) : nil)
            else { return nil }
            self = .failure(failure, upstream)
        case nil: return nil
        }
    }

    private init?(answer bytes: [UInt8], era: Dialect.Kind) {
        guard let message = try? Message(bytes), let answer = try? Answer(message, era: era) else { return nil }
        self = .answer(answer)
    }
}

extension CallReport.Failure {
    fileprivate init?(_ letter: UInt8, _ reason: String?) {
        switch (letter, reason) {
        case (UInt8(ascii: "t"), nil): self = .timedOut
        case (UInt8(ascii: "b"), let reason?): self = .broken(reason: reason)
        case (UInt8(ascii: "c"), nil): self = .cancelled
        default: return nil
        }
    }
}
