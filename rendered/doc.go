// Package rendered is between templates and the wire: components emit into a [Writer], which makes of it the HTML of a
// page, the diff that a LiveView client merges, or a tree for tests.
//
// # Terms
//
// A block ([Block]) is a piece of markup with constant parts, the statics, and slots between them. A value fills a slot:
// text, a number, markup, a block of its own (a node), a list whose rows fill one block each, a stream, or a live
// component, which is named by its number, the cid, and emitted by itself. A fingerprint tells blocks apart. The prints
// ([Prints]) are what is kept of what a client was last sent. A message is what goes to the client after one render. A
// memo skips what depends on one comparable value that has not changed.
//
// # Order
//
// Values fill slots in the order of the document, and every slot of a block gets exactly one. In a message the main tree
// comes before the live components. Messages have to reach the client in the order in which they were made, each of them:
// the next one tells only what is different. After an error nothing of a message may be sent.
//
// Everything is evaluated and compared with what was last sent; nothing has to be told what has changed. A value that was
// assigned anew and is equal is not sent again, other than in Phoenix: what the user may have changed in the page goes
// through [Writer.FormText] and [Writer.FormFlag], which compare the version of the form as well.
//
// Writers and prints are for one goroutine at a time. Blocks are shared by all.
//
// # Limits
//
// Of a value 8 bytes are kept, of a node and of a row 16 bytes besides, of rows under a memo also their values, of a
// stream's rows nothing. Values are compared by hashes of 61 bits with a secret seed. A row's key is unique in its list,
// which is checked. Blocks nest as deep as the goroutine's stack allows. The size of a message is not bounded here.
//
// # Escaping
//
// [Writer.Text] escapes as html/template does for text and for attribute values in quotes, but for the plus sign, which
// matters only to pages in UTF-7. Bytes that are not UTF-8 become U+FFFD everywhere. Values in URLs, style and script need
// a check of what they say, which escaping is not.
//
// # Source
//
// The wire format is that of Phoenix LiveView 1.2.12: Phoenix.LiveView.Diff on the server, rendered.js of the npm package
// phoenix_live_view in the browser.
package rendered
