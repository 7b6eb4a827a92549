/* slow.c - slots and a row of waiting jobs; see slow.h. */
#include "fs/slow.h"

#include <stddef.h>

void slow_init(struct slow *s, unsigned slots)
{
	*s = (struct slow){.slots = slots};
	pthread_mutex_init(&s->lock, NULL);
}

void slow_done(struct slow *s)
{
	pthread_mutex_destroy(&s->lock);
}

static void activate(struct slow *s, struct slow_job *j)
{
	if (s->stopping)
		atomic_store(&j->cancel, true);
	j->prev = NULL;
	j->next = s->active;
	if (j->next)
		j->next->prev = j;
	s->active = j;
}

static void deactivate(struct slow *s, struct slow_job *j)
{
	*(j->prev ? &j->prev->next : &s->active) = j->next;
	if (j->next)
		j->next->prev = j->prev;
}

void slow_run(struct slow *s, struct slow_job *j)
{
	j->next = NULL;
	pthread_mutex_lock(&s->lock);
	if (s->running == s->slots) {
		*(s->last ? &s->last->next : &s->first) = j;
		s->last = j;
		pthread_mutex_unlock(&s->lock);
		return;
	}
	s->running++;
	while (j) {
		activate(s, j);
		pthread_mutex_unlock(&s->lock);
		j->run(j);
		pthread_mutex_lock(&s->lock);
		deactivate(s, j);
		pthread_mutex_unlock(&s->lock);
		j->done(j);
		pthread_mutex_lock(&s->lock);
		j = s->first;
		if (j && !(s->first = j->next))
			s->last = NULL;
	}
	s->running--;
	pthread_mutex_unlock(&s->lock);
}

void slow_stop(struct slow *s)
{
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	for (struct slow_job *j = s->active; j; j = j->next)
		atomic_store(&j->cancel, true);
	pthread_mutex_unlock(&s->lock);
}
