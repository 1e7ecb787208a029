// Package accounts is the code of the guide on sessions and log-ins: who somebody is, in a browser, on a socket and for an API.
package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"sync"

	"golang.org/x/crypto/bcrypt"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/plug"
)

// User is somebody who has an account.
type User struct {
	ID    int64  `json:"id"`
	Email string `json:"email"`
}

// LogIn is one of a user's log-ins. Its key is what the session holds.
type LogIn struct {
	User User
	Key  string
}

// Accounts knows users and who is logged in where. A database would hold both.
type Accounts struct {
	mu        sync.Mutex // guards the fields below
	users     map[int64]User
	passwords map[string][]byte // bcrypt, by email
	logIns    map[[sha256.Size]byte]User

	cost   int    // of bcrypt
	nobody []byte // is compared where there is no such user, so that the time of the answer does not tell
}

// New returns an Accounts without users. Passwords are hashed with bcrypt at that cost: bcrypt.DefaultCost, and less in tests.
func New(cost int) *Accounts {
	nobody, err := bcrypt.GenerateFromPassword([]byte(rand.Text()), cost)
	if err != nil {
		panic(err)
	}
	return &Accounts{users: map[int64]User{}, passwords: map[string][]byte{}, logIns: map[[sha256.Size]byte]User{}, cost: cost, nobody: nobody}
}

// Register makes an account.
func (a *Accounts) Register(email, password string) (User, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), a.cost)
	if err != nil {
		return User{}, controller.Invalid{"password": {"is too long"}}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.passwords[email] != nil {
		return User{}, controller.Invalid{"email": {"has already been taken"}}
	}
	u := User{ID: int64(len(a.users) + 1), Email: email}
	a.users[u.ID], a.passwords[email] = u, hash
	return u, nil
}

// Authenticate returns the user with this password.
func (a *Accounts) Authenticate(email, password string) (User, bool) {
	a.mu.Lock()
	hash, user := a.passwords[email], User{}
	for _, u := range a.users {
		if u.Email == email {
			user = u
		}
	}
	a.mu.Unlock()
	if hash == nil {
		hash = a.nobody
	}
	return user, bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil
}

// LogIn begins a log-in. What it keeps of the key is a hash: who reads the table gets nobody's session.
func (a *Accounts) LogIn(u User) LogIn {
	key := rand.Text()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.logIns[hashOf(key)] = u
	return LogIn{User: u, Key: key}
}

// ByKey returns the log-in that a key belongs to, if it has not ended.
func (a *Accounts) ByKey(key string) (LogIn, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	u, ok := a.logIns[hashOf(key)]
	return LogIn{User: u, Key: key}, ok
}

// LogOut ends a log-in.
func (a *Accounts) LogOut(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.logIns, hashOf(key))
}

func hashOf(key string) [sha256.Size]byte { return sha256.Sum256([]byte(key)) }

// ByID returns the user that a token names, who may be gone.
func (a *Accounts) ByID(_ context.Context, id int64) (User, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	u, ok := a.users[id]
	if !ok {
		return User{}, plug.ErrUnauthorized
	}
	return u, nil
}
