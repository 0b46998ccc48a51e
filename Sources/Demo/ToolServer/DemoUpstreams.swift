/// The two small tool servers that the demo plays with.
package enum DemoUpstreams {
    /// A weather service: `forecast{city}` and `alerts{region}`, the same answer for the same question.
    package static let weather: [DemoTool] = [
        DemoTool(name: "forecast", description: "Tomorrow's weather in a city", schema: DemoTool.schema(["city": "string"])) { arguments in
            guard let city = arguments["city"]?.text else { return .text("city is missing", isError: true) }
            let seed = number(of: city)
            let skies = ["sunny", "cloudy", "light rain", "windy", "fog until noon"]
            return .structured(#"{"sky":"\#(skies[seed % skies.count])","high":\#(8 + seed % 20),"low":\#(seed % 8)}"#)
        },
        DemoTool(name: "alerts", description: "Weather alerts of a region", schema: DemoTool.schema(["region": "string"])) { arguments in
            guard let region = arguments["region"]?.text else { return .text("region is missing", isError: true) }
            return .text(number(of: region) % 3 == 0 ? "Storm warning for \(region)" : "No alerts for \(region)")
        },
    ]

    /// A library: `search{query}` and `lookup{isbn}`.
    package static let library: [DemoTool] = [
        DemoTool(name: "search", description: "Finds books by a word of their title", schema: DemoTool.schema(["query": "string"])) {
            guard let query = $0["query"]?.text, !query.isEmpty else { return .text("query is missing", isError: true) }
            let found = books.filter { $0.title.lowercased().contains(query.lowercased()) }
            return .text(found.isEmpty ? "Nothing found" : found.map { "\($0.title) (\($0.isbn))" }.joined(separator: "\n"))
        },
        DemoTool(name: "lookup", description: "The book with an ISBN", schema: DemoTool.schema(["isbn": "string"])) { arguments in
            guard let book = books.first(where: { $0.isbn == arguments["isbn"]?.text }) else { return .text("No such book", isError: true) }
            return .text("\(book.title), \(book.author), \(book.year)")
        },
    ]

    private static let books: [(isbn: String, title: String, author: String, year: Int)] = [
        ("0-14-044914-3", "The Odyssey", "Homer", -700),
        ("0-19-953566-8", "Twenty Thousand Leagues Under the Sea", "Jules Verne", 1870),
        ("0-14-143951-8", "Pride and Prejudice", "Jane Austen", 1813),
        ("0-19-283374-6", "The Sea-Wolf", "Jack London", 1904),
    ]

    private static func number(of text: String) -> Int { text.utf8.reduce(7) { ($0 &* 31 &+ Int($1)) & 0xFFFF } }
}
