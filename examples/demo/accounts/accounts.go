// Package accounts is the demo's context for people: who they are, how they prove it, and which log-ins are open. It knows nothing of HTTP.
//
// # Terms
//
// A user has a name, an e-mail address and a password, and may have an avatar. A log-in is a [Token] that stands for a user until it ends: browsers keep one in
// their session, programs send one as a bearer token. What is refused because of its content is an [Invalid], with what is wrong by field.
//
// # Order
//
// All methods may be called from any goroutine. A change of a user is seen by every call that begins afterwards.
//
// # Limits
//
// Everything is in memory and ends with the process. There are at most [Config.MaxUsers] users and [Config.MaxLogIns] log-ins; the log-in that is least likely to be used
// again goes first. Hashing a password takes [Config.HashMemory] of memory, so only [Config.Hashes] run at a time, and of the calls that wait for their turn the
// hundredth is refused with [ErrBusy].
//
// # Source
//
// Phoenix 1.8, the context that mix phx.gen.auth writes; RFC 9106 for Argon2id.
package accounts

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/bennu-go/bennu/ets"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// The refusals that callers tell apart.
var (
	ErrNotFound           = errors.New("accounts: no such user")
	ErrUnauthorized       = errors.New("accounts: the log-in is unknown, or has ended")
	ErrBusy         error = busy{}
	ErrFull         error = full{}
)

type busy struct{}

func (busy) Error() string             { return "accounts: too many passwords are being checked" }
func (busy) HTTPStatus() int           { return 503 }
func (busy) RetryAfter() time.Duration { return 5 * time.Second }

type full struct{}

func (full) Error() string   { return "accounts: the demo has no room for another user" }
func (full) HTTPStatus() int { return 503 }

// Invalid is what is wrong with what somebody wants to be stored, by field.
type Invalid map[string][]string

// Error lists the fields.
func (e Invalid) Error() string {
	fields := make([]string, 0, len(e))
	for field, problems := range e {
		fields = append(fields, field+" "+strings.Join(problems, ", "))
	}
	return "accounts: " + strings.Join(fields, "; ")
}

// HTTPStatus returns 422.
func (Invalid) HTTPStatus() int { return 422 }

// Fields returns the problems by field.
func (e Invalid) Fields() map[string][]string { return maps.Clone(e) }

func (e Invalid) add(field, problem string) { e[field] = append(e[field], problem) }

// User is somebody with an account.
type User struct {
	ID         int64
	Name       string
	Email      string
	Avatar     string // name of the file; empty if there is none
	InsertedAt time.Time
	password   string // its hash
}

// Config of Accounts. System and PubSub are needed.
type Config struct {
	// System sweeps log-ins that have expired.
	System *proc.System
	// PubSub tells the sockets of a log-in that it has ended.
	PubSub *pubsub.PubSub
	// MaxUsers. Zero means 10,000.
	MaxUsers int
	// MaxLogIns that are open. Zero means 100,000.
	MaxLogIns int
	// HashMemory is how much memory one hash takes, in KiB. Zero means 19,456, which OWASP recommends with two passes.
	HashMemory uint32
	// Hashes is how many run at a time. Zero means one for each processor.
	Hashes int
}

// Accounts are the users. Make them with New.
type Accounts struct {
	cfg    Config
	hasher *hasher
	users  *ets.Ordered[int64, User]
	names  *ets.Set[string, int64] // by what key makes of a name
	emails *ets.Set[string, int64]
	logIns *ets.Set[hash, logIn]
	mu     sync.Mutex // guards last, and changes that touch several tables
	last   int64
}

// New makes Accounts without anybody in them.
func New(cfg Config) *Accounts {
	cfg.MaxUsers = cmp.Or(cfg.MaxUsers, 10_000)
	cfg.MaxLogIns = cmp.Or(cfg.MaxLogIns, 100_000)
	cfg.HashMemory = cmp.Or(cfg.HashMemory, 19*1024)
	cfg.Hashes = cmp.Or(cfg.Hashes, runtime.GOMAXPROCS(0))
	return &Accounts{
		cfg: cfg, hasher: newHasher(cfg.HashMemory, cfg.Hashes),
		users:  ets.NewOrdered[int64, User](ets.Config{Name: "users"}),
		names:  ets.NewSet[string, int64](ets.Config{Name: "names"}),
		emails: ets.NewSet[string, int64](ets.Config{Name: "emails"}),
		logIns: ets.NewSet[hash, logIn](ets.Config{Name: "log-ins", TTL: BrowserAge, System: cfg.System, MaxSize: cfg.MaxLogIns}),
	}
}

// Get returns a user, or ErrNotFound.
func (a *Accounts) Get(id int64) (User, error) {
	u, ok := a.users.Get(id)
	if !ok {
		return User{}, ErrNotFound
	}
	return u, nil
}

// List returns a page of users, the oldest first, and how many there are altogether. Pages begin with 1.
func (a *Accounts) List(page, size int) ([]User, int) {
	users := make([]User, 0, size)
	skip := (page - 1) * size
	total := 0
	for _, u := range a.users.All() {
		if total >= skip && len(users) < size {
			users = append(users, u)
		}
		total++
	}
	return users, total
}

// NameTaken reports whether an account has the name, in whatever case.
func (a *Accounts) NameTaken(name string) bool { return a.names.Member(key(name)) }

// Register makes an account.
func (a *Accounts) Register(ctx context.Context, in Registration) (User, error) {
	u, bad := in.check()
	a.taken(u, bad)
	if len(bad) > 0 {
		return User{}, bad
	}
	var err error
	if u.password, err = a.hasher.hash(ctx, in.Password); err != nil {
		return User{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch a.taken(u, bad); { // again: hashing took its time
	case len(bad) > 0:
		return User{}, bad
	case a.users.Len() >= a.cfg.MaxUsers:
		return User{}, ErrFull
	}
	a.last++
	u.ID, u.InsertedAt = a.last, time.Now().UTC().Truncate(time.Second)
	a.putLocked(u)
	return u, nil
}

// Update changes what of a Change is set, and ends all other log-ins if that is the password. keep is the log-in that made the change.
func (a *Accounts) Update(ctx context.Context, id int64, in Change, keep Token) (User, error) {
	old, err := a.Get(id)
	if err != nil {
		return User{}, err
	}
	u, bad := in.check(old)
	a.taken(u, bad)
	if in.secret() && len(bad) == 0 {
		ok, err := a.hasher.matches(ctx, old.password, in.CurrentPassword)
		if err != nil {
			return User{}, err
		}
		if !ok {
			bad.add("current_password", "is not valid")
		}
	}
	if len(bad) > 0 {
		return User{}, bad
	}
	if in.Password != nil {
		if u.password, err = a.hasher.hash(ctx, *in.Password); err != nil {
			return User{}, err
		}
	}
	u, err = a.change(id, func(now *User) error {
		if in.secret() && now.password != old.password {
			return Invalid{"current_password": {"is not valid"}} // changed meanwhile
		}
		now.Name, now.Email, now.password = pick(in.Name, u.Name, now.Name), pick(in.Email, u.Email, now.Email), pick(in.Password, u.password, now.password)
		return nil
	})
	switch {
	case err != nil:
		return User{}, err
	case in.Password != nil:
		a.endAll(id, keep)
	}
	if u.Name != old.Name {
		a.disconnect(id) // so that the sockets come back with the new name
	}
	return u, nil
}

func pick(asked *string, yes, no string) string {
	if asked != nil {
		return yes
	}
	return no
}

// SetAvatar gives a user another avatar, and returns the name of the one before.
func (a *Accounts) SetAvatar(id int64, file string) (old string, err error) {
	_, err = a.change(id, func(u *User) error {
		old, u.Avatar = u.Avatar, file
		return nil
	})
	return old, err
}

// Delete ends an account and its log-ins. It returns the user who was.
func (a *Accounts) Delete(id int64) (User, error) {
	a.mu.Lock()
	u, err := a.Get(id)
	if err == nil {
		a.users.Delete(id)
		a.names.Delete(key(u.Name))
		a.emails.Delete(key(u.Email))
	}
	a.mu.Unlock()
	if err == nil {
		a.endAll(id, "")
	}
	return u, err
}

// change has f change a user as it is now.
func (a *Accounts) change(id int64, f func(u *User) error) (User, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	u, err := a.Get(id)
	if err != nil {
		return User{}, err
	}
	old := u
	if err := f(&u); err != nil {
		return User{}, err
	}
	bad := Invalid{}
	if a.taken(u, bad); len(bad) > 0 {
		return User{}, bad
	}
	a.names.Delete(key(old.Name))
	a.emails.Delete(key(old.Email))
	a.putLocked(u)
	return u, nil
}

func (a *Accounts) putLocked(u User) {
	a.users.Put(u.ID, u)
	a.names.Put(key(u.Name), u.ID)
	a.emails.Put(key(u.Email), u.ID)
}

// taken adds to bad what of u somebody else has.
func (a *Accounts) taken(u User, bad Invalid) {
	for field, id := range map[string]func() (int64, bool){
		"name":  func() (int64, bool) { return a.names.Get(key(u.Name)) },
		"email": func() (int64, bool) { return a.emails.Get(key(u.Email)) },
	} {
		if owner, ok := id(); ok && owner != u.ID {
			bad.add(field, "has already been taken")
		}
	}
}

// key is what of a name or an address counts when two are compared.
func key(s string) string { return strings.ToLower(s) }
