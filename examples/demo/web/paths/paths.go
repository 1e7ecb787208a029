// Code generated from the table of routes. DO NOT EDIT.

// Package paths has the paths of the application.
package paths

import "github.com/bennu-go/bennu/router"

// Home returns the path / (GET).
func Home(query ...router.Query) string {
	return "/" + router.QueryString(query...)
}

// HomeURL returns the URL of / at base, such as "https://example.com".
func HomeURL(base string, query ...router.Query) string {
	return router.Base(base, Home(query...))
}

// LogIn returns the path /log-in (GET).
func LogIn(query ...router.Query) string {
	return "/log-in" + router.QueryString(query...)
}

// LogInURL returns the URL of /log-in at base, such as "https://example.com".
func LogInURL(base string, query ...router.Query) string {
	return router.Base(base, LogIn(query...))
}

// LogOut returns the path /log-out (POST).
func LogOut(query ...router.Query) string {
	return "/log-out" + router.QueryString(query...)
}

// LogOutURL returns the URL of /log-out at base, such as "https://example.com".
func LogOutURL(base string, query ...router.Query) string {
	return router.Base(base, LogOut(query...))
}

// Profile returns the path /profile (GET).
func Profile(query ...router.Query) string {
	return "/profile" + router.QueryString(query...)
}

// ProfileURL returns the URL of /profile at base, such as "https://example.com".
func ProfileURL(base string, query ...router.Query) string {
	return router.Base(base, Profile(query...))
}

// ProfileAvatar returns the path /profile/avatar (POST).
func ProfileAvatar(query ...router.Query) string {
	return "/profile/avatar" + router.QueryString(query...)
}

// ProfileAvatarURL returns the URL of /profile/avatar at base, such as "https://example.com".
func ProfileAvatarURL(base string, query ...router.Query) string {
	return router.Base(base, ProfileAvatar(query...))
}

// ProfileData returns the path /profile/data (GET).
func ProfileData(query ...router.Query) string {
	return "/profile/data" + router.QueryString(query...)
}

// ProfileDataURL returns the URL of /profile/data at base, such as "https://example.com".
func ProfileDataURL(base string, query ...router.Query) string {
	return router.Base(base, ProfileData(query...))
}

// Register returns the path /register (GET).
func Register(query ...router.Query) string {
	return "/register" + router.QueryString(query...)
}

// RegisterURL returns the URL of /register at base, such as "https://example.com".
func RegisterURL(base string, query ...router.Query) string {
	return router.Base(base, Register(query...))
}

// Session returns the path /session (GET).
func Session(query ...router.Query) string {
	return "/session" + router.QueryString(query...)
}

// SessionURL returns the URL of /session at base, such as "https://example.com".
func SessionURL(base string, query ...router.Query) string {
	return router.Base(base, Session(query...))
}

// V1Guests returns the path /api/v1/guests (POST).
func V1Guests(query ...router.Query) string {
	return "/api/v1/guests" + router.QueryString(query...)
}

// V1GuestsURL returns the URL of /api/v1/guests at base, such as "https://example.com".
func V1GuestsURL(base string, query ...router.Query) string {
	return router.Base(base, V1Guests(query...))
}

// V1RoomInvitations returns the path /api/v1/rooms/{room}/invitations (POST).
func V1RoomInvitations(room any, query ...router.Query) string {
	return "/api/v1/rooms/" + router.Segment(room) + "/invitations" + router.QueryString(query...)
}

// V1RoomInvitationsURL returns the URL of /api/v1/rooms/{room}/invitations at base, such as "https://example.com".
func V1RoomInvitationsURL(base string, room any, query ...router.Query) string {
	return router.Base(base, V1RoomInvitations(room, query...))
}

// V1Sessions returns the path /api/v1/sessions (POST, DELETE).
func V1Sessions(query ...router.Query) string {
	return "/api/v1/sessions" + router.QueryString(query...)
}

// V1SessionsURL returns the URL of /api/v1/sessions at base, such as "https://example.com".
func V1SessionsURL(base string, query ...router.Query) string {
	return router.Base(base, V1Sessions(query...))
}

// V1User returns the path /api/v1/users/{id} (GET, PATCH, PUT, DELETE).
func V1User(id any, query ...router.Query) string {
	return "/api/v1/users/" + router.Segment(id) + router.QueryString(query...)
}

// V1UserURL returns the URL of /api/v1/users/{id} at base, such as "https://example.com".
func V1UserURL(base string, id any, query ...router.Query) string {
	return router.Base(base, V1User(id, query...))
}

// V1Users returns the path /api/v1/users (POST, GET).
func V1Users(query ...router.Query) string {
	return "/api/v1/users" + router.QueryString(query...)
}

// V1UsersURL returns the URL of /api/v1/users at base, such as "https://example.com".
func V1UsersURL(base string, query ...router.Query) string {
	return router.Base(base, V1Users(query...))
}
