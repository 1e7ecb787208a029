// Package failures is the code of the guide on errors: actions return them, and one function answers them all.
package failures

import (
	"database/sql"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/router"
)

// Answers is how every error of the application is answered.
func Answers() controller.FallbackConfig {
	return controller.FallbackConfig{
		// Errors of other packages, which know no status.
		Status: func(err error) int {
			if errors.Is(err, sql.ErrNoRows) {
				return http.StatusNotFound
			}
			return 0
		},
		Page: func(r *http.Request, e controller.ErrorInfo) controller.Component {
			return controller.Template(errorPage, "", e)
		},
		Challenge: "Bearer",
	}
}

var errorPage = template.Must(template.New("error").Parse(`<!DOCTYPE html>
<title>{{.Status}}</title>
<h1>{{.Detail}}</h1>
{{range $field, $reasons := .Fields}}<p>{{$field}} {{range $reasons}}{{.}} {{end}}</p>{{end}}
`))

// A PausedError is an error of the application that knows how it is answered.
type PausedError struct{ Until time.Time }

func (e *PausedError) Error() string {
	return "the room is paused until " + e.Until.Format(time.TimeOnly)
}
func (e *PausedError) HTTPStatus() int           { return http.StatusServiceUnavailable }
func (e *PausedError) RetryAfter() time.Duration { return time.Until(e.Until) }

// Rooms is what the actions stand on.
type Rooms interface {
	Find(id string) (name string, err error)
	Create(name string) (id string, err error)
}

// Endpoint answers errors in one place, whoever had them: plugs, actions, the router, or a panic.
func Endpoint(sys *proc.System, ps *pubsub.PubSub, rooms Rooms, log *slog.Logger, debug bool) *endpoint.Endpoint {
	routes := Routes(rooms, log)
	return endpoint.New(endpoint.Config{
		System: sys, PubSub: ps, Logger: log,
		Plugs:   plug.Parsers(),
		Handler: routes,
		Errors:  endpoint.Errors(endpoint.ErrorsConfig{Answers: Answers(), Debug: debug, Routes: routes.Routes}),
	})
}

// Routes are actions that return errors.
func Routes(rooms Rooms, log *slog.Logger) *router.Router {
	show := func(w http.ResponseWriter, r *http.Request) error {
		name, err := rooms.Find(r.PathValue("id"))
		if err != nil {
			return fmt.Errorf("finding room %s: %w", r.PathValue("id"), err)
		}
		return controller.JSON(w, http.StatusOK, map[string]string{"name": name})
	}
	create := func(w http.ResponseWriter, r *http.Request) error {
		var in struct {
			Name string `param:"name,required"`
			Size int    `param:"size"`
		}
		if err := param.Bind(param.Get(r, "room"), &in); err != nil {
			return err // 422, with what is wrong by field
		}
		if len(in.Name) > 20 {
			return controller.Invalid{"name": {"should be at most 20 characters"}}
		}
		id, err := rooms.Create(in.Name)
		if err != nil {
			return err
		}
		return controller.Created(w, "/rooms/"+id, map[string]string{"id": id})
	}
	return router.New(func(r *router.Scope) {
		r.Logger(log)
		r.Scope("/", plug.Accepts("html", "json"), func(r *router.Scope) {
			r.Get("/rooms/{id}", show)
			r.Post("/rooms", create)
		})
	})
}
