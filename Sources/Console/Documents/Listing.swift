/// A page of a list.
struct Listing<Item: Encodable & Sendable>: Encodable, Sendable {
    let items: [Item]
    /// What `after` must be for the page behind this one; nil at the end.
    @OrNull var next: String?

    init(_ items: [Item], next: String? = nil) {
        self.items = items
        self.next = next
    }

    /// The page of a whole list in order of its keys.
    init(_ page: Page, of all: [Item], by key: (Item) -> String) {
        let rest = all.drop { item in page.after.map { key(item) <= $0 } ?? false }
        let shown = Array(rest.prefix(page.limit))
        self.init(shown, next: shown.count < rest.count ? shown.last.map(key) : nil)
    }
}
