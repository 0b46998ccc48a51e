/// One tool as its server defines it.
package struct ToolDefinition: Sendable {
    /// The tool's own name.
    package let name: String
    /// The definition's JSON object as its server wrote it.
    package let bytes: [UInt8]
    /// Whether the tool can only be called as a task (`execution.taskSupport` is `required`).
    package let requiresTask: Bool
    /// The arguments to repeat in headers where the upstream has no handshake; nil where the definition says so in a way that the protocol
    /// forbids, so that such an upstream's tool is not to be offered.
    package let mirrored: [MirroredParameter]?
    /// The definition as it is shown, cut where its name and its cost go.
    private let template: Template

    /// Reads one definition: an object with a name, no key said twice in it, its `_meta` or its `execution`.
    package init(_ bytes: [UInt8]) throws(WireError) {
        guard let document = try? JSONDocument(bytes, as: .definition) else { throw .malformed }
        guard document.isObject(document.root), !document.isAmbiguous, let nameRange = document.value(.name, in: .definition),
            let name = document.text(nameRange), !name.isEmpty
        else { throw .invalidRequest(nil) }
        self.name = name
        self.bytes = document.raw(document.root)
        requiresTask = document.text("taskSupport", in: .definitionExecution) == "required"
        mirrored = MirrorScan.parameters(of: document)
        template = Template(document, nameRange: nameRange)
    }

    /// Whether its server says that running it twice does no more than running it once (`annotations.idempotentHint`, or `readOnlyHint`).
    package var isRepeatable: Bool {
        guard let document = try? JSONDocument(bytes, as: .definition), let range = document.value("annotations", in: .definition),
            let annotations = document.object(range)
        else { return false }
        return annotations.isTrue("idempotentHint", in: .other) || annotations.isTrue("readOnlyHint", in: .other)
    }

    /// A tool of the gateway's own, which takes no arguments.
    init(name: String, description: String) {
        var open: [UInt8] = []
        JSONText.append(raw: "{\"name\":", to: &open)
        var rest: [UInt8] = []
        JSONText.append(raw: ",\"description\":", to: &rest)
        JSONText.append(string: description, to: &rest)
        JSONText.append(raw: ",\"inputSchema\":{\"type\":\"object\",\"properties\":{}}", to: &rest)
        self.name = name
        bytes = open + JSONText.string(name) + rest + [UInt8(ascii: "}")]
        requiresTask = false
        mirrored = []
        template = Template(beforeName: open, between: rest + Array(",\"_meta\":{\"\(MetaKey.cost)\":".utf8), afterCost: Array("}}".utf8))
    }

    /// The definition under another name, with `_meta["io.satgate/cost"]` set to the number `cost` and any other `io.satgate/*` dropped.
    package func shown(as name: String, cost: String) -> [UInt8] {
        var number: [UInt8] = []
        JSONText.append(decimal: cost, to: &number)
        return template.filled(name: JSONText.string(name), cost: number)
    }
}

extension ToolDefinition: Hashable {
    package static func == (left: ToolDefinition, right: ToolDefinition) -> Bool { left.bytes == right.bytes }

    package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}

/// A tool definition with holes for its name and for its cost.
private struct Template: Sendable {
    private let pieces: (first: [UInt8], second: [UInt8], third: [UInt8])
    private let namesFirst: Bool

    init(beforeName: [UInt8], between: [UInt8], afterCost: [UInt8]) {
        pieces = (beforeName, between, afterCost)
        namesFirst = true
    }

    init(_ document: JSONDocument, nameRange: Range<Int>) {
        var edits = JSONEdits()
        let cost = Self.costHole(of: document, edits: &edits)
        namesFirst = nameRange.lowerBound < cost.range.lowerBound
        let holes = namesFirst ? (nameRange, cost.range) : (cost.range, nameRange)
        let root = document.root
        var first = edits.applied(to: document.bytes, in: root.lowerBound..<holes.0.lowerBound)
        var second = edits.applied(to: document.bytes, in: holes.0.upperBound..<holes.1.lowerBound)
        var third = edits.applied(to: document.bytes, in: holes.1.upperBound..<root.upperBound)
        if namesFirst {
            second += cost.lead
            third = cost.tail + third
        } else {
            first += cost.lead
            second = cost.tail + second
        }
        pieces = (first, second, third)
    }

    /// Where the cost goes and what must stand around it: in `_meta` if there is one, else in a new one at the end.
    private static func costHole(of document: JSONDocument, edits: inout JSONEdits) -> (range: Range<Int>, lead: [UInt8], tail: [UInt8]) {
        let key = Array("\"\(MetaKey.cost)\":".utf8)
        guard let meta = document.value(.meta, in: .definition) else {
            let end = document.root.upperBound - 1
            return (end..<end, Array(",\"_meta\":{".utf8) + key, [UInt8(ascii: "}")])
        }
        guard document.isObject(meta) else { return (meta, [UInt8(ascii: "{")] + key, [UInt8(ascii: "}")]) }
        let keepsAny = edits.removeMembers(of: .definitionMeta, in: document) { document.key(of: $0, startsWith: MetaKey.ours) }
        let inside = meta.lowerBound + 1
        return (inside..<inside, key, keepsAny ? [UInt8(ascii: ",")] : [])
    }

    func filled(name: [UInt8], cost: [UInt8]) -> [UInt8] {
        let fillings = namesFirst ? (name, cost) : (cost, name)
        var out: [UInt8] = []
        out.reserveCapacity(pieces.first.count + pieces.second.count + pieces.third.count + name.count + cost.count)
        out += pieces.first
        out += fillings.0
        out += pieces.second
        out += fillings.1
        out += pieces.third
        return out
    }
}
