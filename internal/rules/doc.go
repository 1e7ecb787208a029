// Package rules keeps the repository's own rules. It is run by its tests and
// imported by nothing.
//
// # Terms
//
//   - A rule is a function over the files of the repository that returns what
//     breaks it, one problem a line, each with a place and what to do.
//   - The tree is what a commit would hold: every file that .gitignore does not
//     exclude. Rules read it themselves and run neither git nor go list, so that
//     the test cache knows what a result depends on, and a copy without
//     history is checked all the same.
//   - Product is everything that an application can link. Test support is the
//     packages declared as such in [Packages].
//
// # The rules
//
//   - [ImportOrder]: a package imports only packages listed before it, and
//     what is made for tests is linked into tests only.
//   - [DocLinks]: every name in square brackets in a doc comment exists.
//   - [MachineTraces]: no file tells of the machine it was written on, nor of
//     the place a dependency was downloaded from.
//   - [MarkdownLinks]: every relative link in a .md file leads somewhere.
//   - [MarkdownCode]: Go code in the README and the guides is that of a file
//     that is compiled and tested.
//   - [MarkdownTests]: tests that a .md file names exist.
//
// # Limits
//
// Go files are read whatever their build constraints; those that do not parse
// are a problem of their own. Names of packages outside this module and the standard
// library are not looked up, because their sources need not be present.
//
// # Source
//
// The order is that of the project's design. The syntax of doc links is that of
// go/doc/comment, anchors in Markdown are made as GitHub makes them.
package rules
