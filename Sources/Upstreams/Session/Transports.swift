import Governance
import Logging

/// Makes the way to each upstream that a tenant's document names.
struct Transports: Sendable {
    /// The gateway's own version, told to upstreams.
    let version: String
    let host: Launch.Host
    let logger: Logger

    /// Nil where the document's URL or a header cannot be sent, or its place and its transport do not go together.
    func transport(to document: UpstreamDocument) -> (any UpstreamTransport)? {
        switch (document.place, document.transport) {
        case (.command(let command), .stdio), (.command(let command), .auto):
            return ProcessTransport(command, on: host, version: version, logger: logger)
        case (.command, _), (.url, .stdio): return nil
        case (.url(let url), let transport):
            let headers = document.headers.mapValues(\.source)
            guard let endpoint = Endpoint(url: url, headers: headers, agent: "satgate/\(version)") else { return nil }
            let streamable = StreamableHTTP(link: Link(endpoint: endpoint), version: version)
            if transport == .streamableHTTP { return streamable }
            let sse = EventStreamTransport(endpoint, version: version)
            return transport == .sse ? sse : AutoTransport(streamable: streamable, sse: sse)
        }
    }
}
