import Glibc
import Governance

/// How the program of an upstream is started: what its document says, with all values put in.
struct Launch: Sendable {
    /// What is needed of the node to start a program.
    struct Host: Sendable {
        /// The value of a text of the document; nil where a secret is missing.
        let value: @Sendable (Template) -> String?
        /// Where programs are found if the document does not say.
        let path: String
        /// The command that runs another and ends it when its standard input closes; empty: none.
        let guardian: [String]

        init(path: String, guardian: [String] = [], value: @escaping @Sendable (Template) -> String?) {
            self.value = value
            self.path = path
            self.guardian = guardian
        }
    }

    /// The file of the program to start.
    let program: String
    let arguments: [String]
    /// `PATH` and what the document names; nothing else of the node's.
    let environment: [String: String]
    let directory: String?

    /// Throws where a value or the program is missing.
    init(_ command: UpstreamDocument.Command, on host: Host) throws(UpstreamFailure) {
        var environment = ["PATH": host.path]
        for (name, template) in command.environment {
            guard Self.isName(name), let value = host.value(template), !value.utf8.contains(0) else {
                throw .notDispatched(reason: "a value of the environment is missing")
            }
            environment[name] = value
        }
        guard !command.arguments.contains(where: { $0.utf8.contains(0) }), let name = command.arguments.first,
            let file = Self.find(name, in: environment["PATH"] ?? "", from: command.directory)
        else { throw .notDispatched(reason: "no such program") }
        let whole = host.guardian + [file] + command.arguments.dropFirst()
        program = whole[0]
        arguments = Array(whole.dropFirst())
        self.environment = environment
        directory = command.directory
    }

    /// The file of that name: a path as it is, any other name by the absolute directories of `path`.
    private static func find(_ name: String, in path: String, from directory: String?) -> String? {
        guard !name.utf8.contains(UInt8(ascii: "/")) else {
            let file = name.hasPrefix("/") ? name : (directory.map { "\($0)/" } ?? "") + name
            return isProgram(file) ? name : nil
        }
        return path.split(separator: ":").lazy.filter { $0.hasPrefix("/") }.map { "\($0)/\(name)" }.first(where: isProgram)
    }

    private static func isProgram(_ file: String) -> Bool {
        var status = stat()
        return access(file, X_OK) == 0 && stat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return !name.utf8.contains { $0 == UInt8(ascii: "=") || $0 == 0 }
    }
}

extension Launch.Host {
    /// This node, with the values of its environment and its files.
    static func own(guardian: [String] = []) -> Self {
        Self(path: variable("PATH") ?? "/usr/local/bin:/usr/bin:/bin", guardian: guardian) { template in
            var text = ""
            for part in template.parts {
                switch part {
                case .literal(let literal): text += literal
                case .environment(let name):
                    guard let value = variable(name) else { return nil }
                    text += value
                case .file(let path):
                    guard let value = contents(of: path) else { return nil }
                    text += value
                }
            }
            return text
        }
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// The text of a file of at most 64 KiB, without the newlines at its end.
    private static func contents(of path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = read(file, &bytes, bytes.count)
        guard count >= 0 else { return nil }
        let text = bytes[..<count]
        return String(validating: text[..<(text.lastIndex { $0 != 0x0A && $0 != 0x0D }.map { $0 + 1 } ?? 0)], as: UTF8.self)
    }
}
