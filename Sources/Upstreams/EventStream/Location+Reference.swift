extension Location {
    /// What a URI reference (RFC 3986) found here means; nil for one that is none of ours to follow.
    func resolving(_ reference: String) -> Location? {
        let text = String(reference.prefix { $0 != "#" })
        let start = origin.isSecure ? "https:" : "http:"
        if text.lowercased().hasPrefix("http://") || text.lowercased().hasPrefix("https://") { return Location(text) }
        if text.hasPrefix("//") { return Location(start + text) }
        let path = target.prefix { $0 != "?" }
        let folder = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
        let place = text.hasPrefix("/") ? text : text.hasPrefix("?") ? path + text : folder + text
        guard !text.isEmpty, text.hasPrefix("/") || text.hasPrefix("?") || !text.prefix(while: { $0 != "/" && $0 != "?" }).contains(":")
        else { return nil }
        return Location("\(start)//\(origin.authority)\(place)")
    }
}
