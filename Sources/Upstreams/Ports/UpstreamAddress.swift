/// What may stand as the address of an upstream.
package enum UpstreamAddress {
    /// True for what a node can send a request to: an http(s) URL of visible ASCII, with a host and a port that is one, without user and
    /// fragment.
    package static func isUsable(_ url: String) -> Bool { Location(url) != nil }
}
