import Foundation
import Governance

/// What the operator is shown of an upstream.
struct UpstreamReport: Encodable, Hashable {
    /// A failure that is past.
    struct Failure: Encodable, Hashable {
        let reason: String
        let at: String
    }

    let tenant: String
    let upstream: String
    /// `up` or `down`.
    let standing: String
    let reason: String?
    let since: String
    let transport: String?
    let revision: String?
    let server: String?
    let tools: Int
    /// Tools whose definition is not the one that was seen first or approved last.
    let changedTools: [String]
    /// Its tools have left the list because it was down too long.
    let isWithdrawn: Bool
    let latencyMs: Int64?
    let listedAt: String?
    let node: String
    let lastFailure: Failure?

    init(_ found: UpstreamStanding) {
        tenant = found.tenant.text
        upstream = found.upstream.text
        standing = found.down == nil ? "up" : "down"
        reason = found.down
        since = Self.time(found.since)
        transport = found.transport
        revision = found.revision
        server = found.server
        tools = found.tools
        changedTools = found.changedTools
        isWithdrawn = found.isWithdrawn
        latencyMs = found.latency
        listedAt = found.listed.map(Self.time)
        node = found.node.text
        lastFailure = found.lastFailure.map { Failure(reason: $0.reason, at: Self.time($0.at)) }
    }

    private static func time(_ ms: Int64) -> String { Date(timeIntervalSince1970: Double(ms) / 1000).ISO8601Format() }
}

// MARK: Printing

extension UpstreamReport {
    /// One line with a JSON array.
    static func json(_ reports: [UpstreamReport]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(reports), as: UTF8.self) + "\n"
    }

    /// One line each under the columns' names, what is wrong on lines of its own below.
    static func table(_ reports: [UpstreamReport]) -> String {
        guard !reports.isEmpty else { return "" }
        let head = ["TENANT", "UPSTREAM", "STANDING", "SINCE", "TRANSPORT", "REVISION", "TOOLS", "LATENCY", "NODE", "SERVER"]
        let rows = [head] + reports.map(\.row)
        // The last column needs no filling.
        let widths = head.indices.dropLast().map { column in rows.map { $0[column].count }.max() ?? 0 } + [0]
        let lines = rows.map { row in zip(row, widths).map { padded($0, $1) }.joined(separator: "  ") }
        return zip(lines, [[]] + reports.map(\.remarks)).map { line, remarks in
            ([line] + remarks.map { "    " + $0 }).joined(separator: "\n") + "\n"
        }.joined()
    }

    private var row: [String] {
        [
            tenant, upstream, standing, since, transport ?? "-", revision.map(printable) ?? "-", String(tools),
            latencyMs.map { "\($0) ms" } ?? "-", node, server.map(printable) ?? "-",
        ]
    }

    /// What the columns do not say.
    private var remarks: [String] {
        var remarks: [String] = []
        if let reason { remarks.append("down: \(printable(reason))") }
        if isWithdrawn { remarks.append("its tools have left the list") }
        if !changedTools.isEmpty { remarks.append("changed since approval: \(changedTools.map(printable).joined(separator: ", "))") }
        if let lastFailure { remarks.append("last failure \(lastFailure.at): \(printable(lastFailure.reason))") }
        return remarks
    }
}
