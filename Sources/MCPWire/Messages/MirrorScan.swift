/// Looks through an input schema for `x-mcp-header`, which may stand only at a property of a primitive type that nothing but `properties`
/// leads to.
struct MirrorScan {
    private static let key = "x-mcp-header"
    /// Definitions that are longer and have the annotation are taken to be wrong: each level is read anew.
    private static let longest = 256 * 1024
    /// Keywords whose value is a schema, a list of schemas, or schemas by name. Other values are data.
    private static let schemas: Set<String> = [
        "items", "contains", "unevaluatedItems", "additionalItems", "additionalProperties", "propertyNames", "unevaluatedProperties", "not",
        "if", "then", "else", "contentSchema", "allOf", "anyOf", "oneOf", "prefixItems",
    ]
    private static let schemasByName: Set<String> = ["patternProperties", "dependentSchemas", "$defs", "definitions"]

    private var found: [MirroredParameter] = []
    private var names: Set<String> = []

    private init() {}

    /// The annotated parameters of a tool's definition; nil where an annotation breaks the rules.
    static func parameters(of definition: JSONDocument) -> [MirroredParameter]? {
        guard let schema = definition.value("inputSchema", in: .definition), mentionsKey(definition.bytes[schema]) else { return [] }
        guard schema.count <= longest else { return nil }
        var scan = MirrorScan()
        return scan.walk(schema, of: definition, path: []) ? scan.found : nil
    }

    private static func mentionsKey(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.withUnsafeBytes { text in
            let length = key.utf8.count
            guard text.count >= length else { return false }
            for start in 0...text.count - length where text[start] == UInt8(ascii: "x") {
                if text[start..<start + length].elementsEqual(key.utf8) { return true }
            }
            return false
        }
    }

    /// Reads the schema at `range`; `path` is nil once something other than `properties` has led to it. False where a rule is broken.
    private mutating func walk(_ range: Range<Int>, of document: JSONDocument, path: [String]?) -> Bool {
        guard document.isObject(range) else { return true }
        guard let schema = document.object(range), note(schema, path: path) else { return false }
        for member in schema.members {
            guard let key = Self.text(of: member, in: schema) else { return false }
            let isSound =
                if key == "properties" {
                    each(member.value, of: schema) { $0.walk($1, of: $2, path: path.map { [name = $3] in $0 + [name] }) }
                } else if Self.schemasByName.contains(key) {
                    each(member.value, of: schema) { scan, range, document, _ in scan.walk(range, of: document, path: nil) }
                } else {
                    !Self.schemas.contains(key) || list(member.value, of: schema)
                }
            guard isSound else { return false }
        }
        return true
    }

    /// Reads the members of an object of schemas.
    private mutating func each(
        _ range: Range<Int>, of document: JSONDocument, _ walk: (inout MirrorScan, Range<Int>, JSONDocument, String) -> Bool
    ) -> Bool {
        guard document.isObject(range) else { return true }
        guard let schemas = document.object(range) else { return false }
        return schemas.members.allSatisfy { member in
            Self.text(of: member, in: schemas).map { walk(&self, member.value, schemas, $0) } ?? false
        }
    }

    /// Reads a schema or a list of them.
    private mutating func list(_ range: Range<Int>, of document: JSONDocument) -> Bool {
        guard let elements = JSONScanner.elements(of: document.bytes, in: range) else { return walk(range, of: document, path: nil) }
        return elements.allSatisfy { walk($0, of: document, path: nil) }
    }

    /// Takes down the schema's annotation, if it has one.
    private mutating func note(_ schema: JSONDocument, path: [String]?) -> Bool {
        guard let range = schema.value(Self.key, in: .other) else { return true }
        guard let path, !path.isEmpty, let name = schema.text(range), Self.isToken(name),
            let type = schema.text("type", in: .other), ["string", "integer", "boolean"].contains(type),
            names.insert(name.lowercased()).inserted
        else { return false }
        found.append(MirroredParameter(header: "Mcp-Param-\(name)", path: path))
        return true
    }

    private static func text(of member: JSONMember, in document: JSONDocument) -> String? {
        JSONDocument.spelledKey(of: member, in: document.bytes).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether the text can be (part of) a header's name.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
