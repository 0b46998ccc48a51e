import Foundation
import Yams

/// Why a file of the operator is refused, with the place in it.
struct ConfigurationError: Error, CustomStringConvertible {
    let file: String
    /// From 1; nil when the whole file is meant.
    let line: Int?
    let reason: String

    var description: String { line.map { "\(file):\($0): \(reason)" } ?? "\(file): \(reason)" }
}

/// A node of a YAML file that knows where it stands and gives only what is asked for, or an error that names the place.
struct YAMLNode {
    let node: Yams.Node
    let file: String
    /// The keys that lead here.
    let path: String

    /// Reads the file and parses it.
    static func read(_ file: String) throws(ConfigurationError) -> YAMLNode {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw ConfigurationError(file: file, line: nil, reason: "cannot be read")
        }
        return try parse(String(decoding: data, as: UTF8.self), file: file)
    }

    /// Parses `text`; `file` is named in errors.
    static func parse(_ text: String, file: String) throws(ConfigurationError) -> YAMLNode {
        do {
            guard let node = try Yams.compose(yaml: text) else { throw ConfigurationError(file: file, line: nil, reason: "is empty") }
            return YAMLNode(node: node, file: file, path: "")
        } catch let error as ConfigurationError {
            throw error
        } catch let error as YamlError {
            throw ConfigurationError(file: file, line: error.line, reason: "is not YAML: \(error.problem)")
        } catch {
            throw ConfigurationError(file: file, line: nil, reason: "is not YAML")
        }
    }

    /// An error at this node.
    func error(_ reason: String) -> ConfigurationError {
        ConfigurationError(file: file, line: node.mark?.line, reason: path.isEmpty ? reason : "\(path): \(reason)")
    }

    /// The mapping's values by key; a key that is not among `known` is an error.
    func mapping(_ known: Set<String>) throws(ConfigurationError) -> [String: YAMLNode] {
        let members = try members()
        for (key, value) in members where !known.contains(key) {
            throw value.error("unknown key; known are \(known.sorted().joined(separator: ", "))")
        }
        return Dictionary(members) { first, _ in first }
    }

    /// The mapping's members in order, whatever their keys.
    func members() throws(ConfigurationError) -> [(String, YAMLNode)] {
        guard let mapping = node.mapping else { throw error("must be a mapping") }
        var members: [(String, YAMLNode)] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string else { throw error("keys must be text") }
            guard !members.contains(where: { $0.0 == name }) else { throw error("\(name): given twice") }
            members.append((name, YAMLNode(node: value, file: file, path: path.isEmpty ? name : "\(path).\(name)")))
        }
        return members
    }

    /// The sequence's elements.
    func elements() throws(ConfigurationError) -> [YAMLNode] {
        guard let sequence = node.sequence else { throw error("must be a list") }
        return sequence.enumerated().map { YAMLNode(node: $1, file: file, path: "\(path)[\($0)]") }
    }

    /// Neither a mapping nor a list.
    var isScalar: Bool { node.scalar != nil }

    /// The scalar as it is written.
    func text() throws(ConfigurationError) -> String {
        guard let scalar = node.scalar else { throw error("must be a plain value") }
        return scalar.string
    }

    /// The scalar read by `parse`; `wanted` says in the error what it must be.
    func value<Value>(_ wanted: String, _ parse: (String) -> Value?) throws(ConfigurationError) -> Value {
        guard let value = parse(try text()) else { throw error("must be \(wanted)") }
        return value
    }

    /// The scalar, `true` or `false`.
    func flag() throws(ConfigurationError) -> Bool { try value("true or false") { ["true": true, "false": false][$0] } }
}

extension YamlError {
    /// What is wrong, without the lines around it, which the description would quote: they may hold a secret.
    fileprivate var problem: String {
        switch self {
        case .reader(let problem, _, _, _), .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _):
            problem
        case .duplicatedKeysInMapping: "a key is given twice"
        default: "cannot be parsed"
        }
    }

    fileprivate var line: Int? {
        switch self {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        case .duplicatedKeysInMapping(_, let context): context.mark.line
        default: nil
        }
    }
}
