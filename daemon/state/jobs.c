// SPDX-License-Identifier: GPL-2.0-or-later
#include "state/jobs.h"

#include "base/memory.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct list {
	struct job *first;
	struct job **end;
};

struct jobs {
	const struct jobs_client *client; /* borrowed */
	void *context;			  /* borrowed */
	struct event *wake;		  /* owned; on `fd` */
	int fd;				  /* eventfd, owned: written by the thread */
	pthread_t thread;
	pthread_mutex_t lock; /* for all below */
	pthread_cond_t changed;
	struct list waiting;
	struct list done;
	size_t count; /* put and not yet taken out of `done` */
	size_t bytes;
	size_t unfinished; /* put and not yet in `done` */
	bool news;
	bool stop;
};

static void list_init(struct list *list)
{
	list->first = NULL;
	list->end = &list->first;
}

static void list_add(struct list *list, struct job *job)
{
	job->next = NULL;
	*list->end = job;
	list->end = &job->next;
}

static struct job *list_take(struct list *list)
{
	struct job *job = list->first;

	list->first = job->next;
	if (!list->first)
		list->end = &list->first;
	return job;
}

/* ---- the thread ----------------------------------------------------------------------------------- */

static void wake_loop(struct jobs *jobs)
{
	uint64_t one = 1;

	(void)!write(jobs->fd, &one, sizeof(one));
}

static struct timespec later(int ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000l;
	if (at.tv_nsec >= 1000000000l) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000l;
	}
	return at;
}

/* With the lock held, which it gives up meanwhile. */
static int be_idle(struct jobs *jobs)
{
	bool news = false;
	int ms;

	pthread_mutex_unlock(&jobs->lock);
	ms = jobs->client->idle(jobs->context, &news);
	pthread_mutex_lock(&jobs->lock);
	if (news) {
		jobs->news = true;
		wake_loop(jobs);
	}
	return ms;
}

static void run_first(struct jobs *jobs)
{
	struct job *job = list_take(&jobs->waiting);

	pthread_mutex_unlock(&jobs->lock);
	jobs->client->run(jobs->context, job);
	pthread_mutex_lock(&jobs->lock);
	list_add(&jobs->done, job);
	jobs->unfinished--;
	pthread_cond_broadcast(&jobs->changed);
	wake_loop(jobs);
}

/* Waits for a job; false: the time is over. */
static bool wait_job(struct jobs *jobs, int ms)
{
	struct timespec until = later(ms < 0 ? 0 : ms);
	int err = 0;

	while (!jobs->waiting.first && !jobs->stop && err != ETIMEDOUT)
		err = ms < 0 ? pthread_cond_wait(&jobs->changed, &jobs->lock)
			     : pthread_cond_timedwait(&jobs->changed, &jobs->lock, &until);
	return jobs->waiting.first;
}

static void *run(void *argument)
{
	struct jobs *jobs = argument;
	int ms;

	pthread_mutex_lock(&jobs->lock);
	for (;;) {
		ms = be_idle(jobs);
		if (wait_job(jobs, ms))
			run_first(jobs);
		else if (jobs->stop)
			break;
	}
	pthread_mutex_unlock(&jobs->lock);
	return NULL;
}

/* ---- the loop ------------------------------------------------------------------------------------- */

static struct job *take_done(struct jobs *jobs)
{
	struct job *job = NULL;

	pthread_mutex_lock(&jobs->lock);
	if (jobs->done.first) {
		job = list_take(&jobs->done);
		jobs->count--;
		jobs->bytes -= job->bytes;
	}
	pthread_mutex_unlock(&jobs->lock);
	return job;
}

static void hand_back(struct jobs *jobs)
{
	struct job *job;
	bool news;

	pthread_mutex_lock(&jobs->lock);
	news = jobs->news;
	jobs->news = false;
	pthread_mutex_unlock(&jobs->lock);
	if (news)
		jobs->client->news(jobs->context);
	while ((job = take_done(jobs)))
		jobs->client->done(jobs->context, job);
}

static void on_wake(evutil_socket_t fd, short what, void *argument)
{
	uint64_t times;

	if (read(fd, &times, sizeof(times)) == sizeof(times))
		hand_back(argument);
}

bool jobs_put(struct jobs *jobs, struct job *job)
{
	bool room;

	pthread_mutex_lock(&jobs->lock);
	room = !jobs->stop && jobs->count < JOBS_MAX && jobs->bytes + job->bytes <= JOBS_BYTES_MAX;
	if (room) {
		list_add(&jobs->waiting, job);
		jobs->count++;
		jobs->bytes += job->bytes;
		jobs->unfinished++;
		pthread_cond_broadcast(&jobs->changed);
	}
	pthread_mutex_unlock(&jobs->lock);
	return room;
}

size_t jobs_waiting(struct jobs *jobs)
{
	size_t count;

	pthread_mutex_lock(&jobs->lock);
	count = jobs->unfinished;
	pthread_mutex_unlock(&jobs->lock);
	return count;
}

bool jobs_wait(struct jobs *jobs, unsigned timeout_ms)
{
	struct timespec until = later(timeout_ms);
	bool finished;
	int err = 0;

	pthread_mutex_lock(&jobs->lock);
	while (jobs->unfinished && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&jobs->changed, &jobs->lock, &until);
	finished = !jobs->unfinished;
	pthread_mutex_unlock(&jobs->lock);
	hand_back(jobs);
	return finished;
}

/* ---- beginning and end ---------------------------------------------------------------------------- */

/* Signals are the loop's: the thread is born with all of them blocked. */
static int start_thread(struct jobs *jobs)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	err = pthread_create(&jobs->thread, NULL, run, jobs);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static void release(struct jobs *jobs)
{
	if (jobs->wake)
		event_free(jobs->wake);
	if (jobs->fd >= 0)
		close(jobs->fd);
	pthread_cond_destroy(&jobs->changed);
	pthread_mutex_destroy(&jobs->lock);
	free(jobs);
}

static void init(struct jobs *jobs)
{
	pthread_condattr_t monotonic;

	list_init(&jobs->waiting);
	list_init(&jobs->done);
	pthread_mutex_init(&jobs->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&jobs->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

int jobs_new(struct event_base *base, const struct jobs_client *client, void *context,
	     struct jobs **ret_jobs, struct sl_errors *errors)
{
	struct jobs *jobs = sl_calloc(1, sizeof(*jobs));
	int err = 0;

	jobs->client = client;
	jobs->context = context;
	init(jobs);
	jobs->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (jobs->fd < 0)
		err = errno;
	if (!err) {
		jobs->wake = event_new(base, jobs->fd, EV_READ | EV_PERSIST, on_wake, jobs);
		err = jobs->wake && !event_add(jobs->wake, NULL) ? start_thread(jobs) : ENOMEM;
	}
	if (err) {
		release(jobs);
		return sl_fail(errors, err, "store", "no thread to work in: %s", strerror(err));
	}
	*ret_jobs = jobs;
	return 0;
}

void jobs_free(struct jobs *jobs)
{
	if (!jobs)
		return;
	do
		jobs_wait(jobs, 1000);
	while (jobs_waiting(jobs));
	pthread_mutex_lock(&jobs->lock);
	jobs->stop = true;
	pthread_cond_broadcast(&jobs->changed);
	pthread_mutex_unlock(&jobs->lock);
	pthread_join(jobs->thread, NULL);
	hand_back(jobs);
	release(jobs);
}
