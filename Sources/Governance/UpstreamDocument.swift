/// One upstream of a tenant's document. It holds references to secrets, never their values, except where a literal was written; it
/// prints without its headers.
package struct UpstreamDocument: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// How messages travel to it.
    package enum Transport: String, Sendable, Hashable, CaseIterable {
        /// Found out by asking, as the specification's rules of backward compatibility say.
        case auto
        /// Streamable HTTP of any revision.
        case streamableHTTP = "streamable-http"
        /// HTTP+SSE, the oldest transport.
        case sse
        /// A process of this node.
        case stdio
    }

    /// Whose session with the upstream a call is made in.
    package enum Sessions: String, Sendable, Hashable, CaseIterable {
        /// Each agent session has one of its own, on whatever node its calls arrive.
        case dedicated
        /// All calls of this node share one.
        case shared
    }

    /// A program and its arguments, started without a shell and with no environment but this.
    package struct Command: Sendable, Hashable {
        /// Never empty.
        package let arguments: [String]
        package let environment: [String: Template]
        package let directory: String?

        /// Nil without a program.
        package init?(arguments: [String], environment: [String: Template] = [:], directory: String? = nil) {
            guard arguments.first?.isEmpty == false else { return nil }
            self.arguments = arguments
            self.environment = environment
            self.directory = directory
        }
    }

    /// Where it is.
    package enum Place: Sendable, Hashable {
        /// `http://` or `https://`, the upstream's MCP endpoint.
        case url(String)
        case command(Command)

        /// The transport where the document names none.
        package var usualTransport: Transport { if case .command = self { .stdio } else { .auto } }
        /// The sessions where the document does not say: a process has one for all.
        package var usualSessions: Sessions { if case .command = self { .shared } else { .dedicated } }
    }

    /// The timeout where the document names none, milliseconds.
    package static let usualTimeout: Int64 = 30_000

    /// Certificates beside the system's, as paths of PEM files on the node; read again when they change.
    package struct TLS: Sendable, Hashable {
        /// Trusted instead of the system's authorities.
        package let authorities: String?
        package let certificate: String?
        package let key: String?

        package init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
            self.authorities = authorities
            self.certificate = certificate
            self.key = key
        }
    }

    /// The OAuth 2.0 client-credentials grant (RFC 6749 §4.4) by which the node gets a token for the upstream.
    package struct OAuth: Sendable, Hashable {
        package let tokenURL: String
        package let clientID: Template
        package let clientSecret: Template
        package let scope: String?
        /// Sent as `resource` (RFC 8707).
        package let resource: String?

        package init(tokenURL: String, clientID: Template, clientSecret: Template, scope: String? = nil, resource: String? = nil) {
            self.tokenURL = tokenURL
            self.clientID = clientID
            self.clientSecret = clientSecret
            self.scope = scope
            self.resource = resource
        }
    }

    /// What one node does at once at most.
    package struct Limits: Sendable, Hashable {
        /// Calls in flight.
        package var calls = 256
        /// Calls that wait for one of these to end.
        package var waiting = 1024
        /// Dedicated sessions in the whole cluster.
        package var sessions = 1000

        /// The defaults.
        package init() {}
    }

    package let name: UpstreamName
    package let place: Place
    package let transport: Transport
    package let sessions: Sessions
    /// Sent with every request to it. Values are never logged and never stored.
    package let headers: [String: Template]
    /// Bound of one call, milliseconds.
    package let timeout: Int64
    package let tls: TLS
    package let oauth: OAuth?
    package let limits: Limits
    /// A tool whose definition changes after first sight is withheld until it is approved.
    package let pinsTools: Bool
    /// Prices by the upstream's own names, which go before the tenant's; nil where it names none.
    package let tariff: Tariff?
    /// It says in its results what a call has cost in truth.
    package let reportsCost: Bool
    /// What it says of its tools is believed: a call of one that may be repeated is, where the node that made it is gone.
    package let trustsHints: Bool

    package init(
        name: UpstreamName, place: Place, transport: Transport = .auto, sessions: Sessions = .dedicated,
        headers: [String: Template] = [:], timeout: Int64 = usualTimeout, tls: TLS = TLS(), oauth: OAuth? = nil, limits: Limits = Limits(),
        pinsTools: Bool = false, tariff: Tariff? = nil, reportsCost: Bool = false, trustsHints: Bool = false
    ) {
        self.name = name
        self.place = place
        self.transport = transport
        self.sessions = sessions
        self.headers = headers
        self.timeout = timeout
        self.tls = tls
        self.oauth = oauth
        self.limits = limits
        self.pinsTools = pinsTools
        self.tariff = tariff == Tariff(base: nil) ? nil : tariff
        self.reportsCost = reportsCost
        self.trustsHints = trustsHints
    }

    /// True where only what calls cost, and what is believed of the upstream, may differ: nothing that it is reached by.
    package func isReached(like other: UpstreamDocument) -> Bool { withoutTerms == other.withoutTerms }

    private var withoutTerms: UpstreamDocument {
        UpstreamDocument(
            name: name, place: place, transport: transport, sessions: sessions, headers: headers, timeout: timeout, tls: tls, oauth: oauth,
            limits: limits, pinsTools: pinsTools)
    }

    package var description: String {
        switch place {
        case .url(let url): "\(name) at \(url)"
        case .command(let command): "\(name) by \(command.arguments[0])"
        }
    }
    package var customMirror: Mirror { Mirror(self, children: ["name": name, "description": description]) }
}
