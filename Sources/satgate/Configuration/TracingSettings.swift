import Configuration
import Foundation
import Telemetry

/// Whether and where spans go.
///
/// - `tracing.otlp_endpoint` (URL of a collector, none: nothing is traced)
/// - `tracing.sample_ratio` (0 to 1, 1: the share of the traces that begin at the node)
/// - `tracing.headers_file` (path, none): lines `Name: value` that each request to the collector has
struct TracingSettings {
    /// Nil: nothing is traced.
    var endpoint: OTLPEndpoint?
    var ratio = 1.0
    /// May hold secrets: never printed.
    var headers: [(String, String)] = []
    /// Where they stand.
    var headersFile: String?

    /// The defaults: off.
    init() {}

    /// Reads its keys; the error names the one that is bad.
    init(_ reader: ConfigReader) async throws {
        if let text = try await reader.fetchString(forKey: "tracing.otlp_endpoint"), !text.isEmpty {
            guard let endpoint = OTLPEndpoint(text) else {
                throw BadValue(key: "tracing.otlp_endpoint", wanted: "an http:// or https:// URL without a user")
            }
            self.endpoint = endpoint
        }
        ratio = try await reader.fetchDouble(forKey: "tracing.sample_ratio") ?? ratio
        guard (0...1).contains(ratio) else { throw BadValue(key: "tracing.sample_ratio", wanted: "in 0…1") }
        guard let file = try await reader.fetchString(forKey: "tracing.headers_file"), !file.isEmpty else { return }
        guard let data = FileManager.default.contents(atPath: file), let headers = Self.headers(in: String(decoding: data, as: UTF8.self))
        else { throw BadValue(key: "tracing.headers_file", wanted: "a readable file of lines such as Authorization: Bearer …") }
        self.headers = headers
        headersFile = file
    }

    /// One header a line; empty lines and those that begin with `#` are none. Nil where a line is no header.
    static func headers(in text: String) -> [(String, String)]? {
        var headers: [(String, String)] = []
        for line in text.split(whereSeparator: \.isNewline) where !line.allSatisfy(\.isWhitespace) && !line.hasPrefix("#") {
            guard let match = line.wholeMatch(of: /([A-Za-z0-9!#$%&'*+.^_|~-]+):[ \t]*([\x21-\x7e][\x20-\x7e\t]*)/) else { return nil }
            headers.append((String(match.1), String(match.2)))
        }
        return headers
    }
}
