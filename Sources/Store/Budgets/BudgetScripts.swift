package import Redis

/// The scripts of what an operator does to accounts.
package struct BudgetScripts: Sendable {
    package let set, resume, look: Script

    init(joined script: (_ name: String, _ text: [UInt8]) -> Script, plain: (_ name: String, _ text: [UInt8]) -> Script) {
        set = script("budget_set", PackageResources.budget_set_lua)
        resume = script("budget_resume", PackageResources.budget_resume_lua)
        look = plain("budget_look", PackageResources.budget_look_lua)
    }

    /// All of them.
    package var all: [Script] { [set, resume, look] }
}
