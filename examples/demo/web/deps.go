// Package web is the demo's edge: pages for people, a JSON API for programs, and the socket that both open.
//
// # Terms
//
// A [Person] is who is at the other side: a guest, who has said a name, or the user of a log-in. Pages know the user by the session, the API by a bearer token, the socket
// by either.
//
// # Limits
//
// Of one address 120 requests a minute pass to the API, and 20 attempts to log in or register, on pages and API together. A request to the API has 16 KiB, one with a
// picture a little more than [accounts.MaxAvatar].
package web

import (
	"io/fs"

	"github.com/bennu-go/bennu/examples/demo/accounts"
	"github.com/bennu-go/bennu/examples/demo/chat"
	"github.com/bennu-go/bennu/presence"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

// Deps is what the edge needs.
type Deps struct {
	Chat     *chat.Chat
	Accounts *accounts.Accounts
	Avatars  *accounts.Avatars
	Online   *presence.Presence[Seat]
	Tokens   *token.Tokens // of guests
	Sessions session.Store
	Assets   fs.FS    // what the pages load: app.js, app.css, icon.svg
	Origins  []string // of other sites whose pages may use the API; none may if there are none
}
