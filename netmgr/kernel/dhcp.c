// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/dhcp.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"

enum { AGAIN_US = 5000000, END_TRIES = 50, END_STEP_US = 10000, WORDS = 24 };

struct dhcp {
	sd_event *loop;
	char client[128], hook[PATH_MAX], device[16];
	void (*changed)(void *data, const struct lease *lease);
	void *data;
	struct path folder, file;
	pid_t child;
	bool begun;
	sd_event_source *ended, *again, *watch;
};

/* --- the lease file --- */

static void read_lease(struct dhcp *d)
{
	AUTO_FREE void *text = NULL;
	size_t len;
	struct lease lease;
	int r = fileio_read(d->file.at, LEASE_BYTES_MAX, &text, &len, NULL);
	if (r == 0)
		r = lease_parse(text, len, &lease);
	if (r < 0 && r != -ENOENT)
		log_warn("event=lease.bad file=%s text=\"no usable address and router in it\"",
			 d->file.at);
	d->changed(d->data, r == 0 ? &lease : NULL);
}

static int on_folder(sd_event_source *source, const struct inotify_event *event, void *data)
{
	struct dhcp *d = data;
	const char *own = strrchr(d->file.at, '/') + 1;
	(void)source;
	if (event->len && strcmp(event->name, own) == 0)
		read_lease(d);
	return 0;
}

/* --- the child --- */

static int on_end(sd_event_source *source, const siginfo_t *info, void *data)
{
	struct dhcp *d = data;
	(void)source;
	log_warn("event=dhcp.ended device=%s status=%d text=\"started again in 5 s\"", d->device,
		 info->si_status);
	d->child = 0;
	d->ended = sd_event_source_disable_unref(d->ended);
	(void)sd_event_source_set_time_relative(d->again, AGAIN_US);
	(void)sd_event_source_set_enabled(d->again, SD_EVENT_ONESHOT);
	return 0;
}

/* In the child: dies with the daemon, hears every signal. */
static void run_client(pid_t parent, char **argv, char **env)
{
	sigset_t none;
	sigemptyset(&none);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (getppid() == parent)
		(void)execve(argv[0], argv, env);
	_exit(127);
}

static int spawn_client(struct dhcp *d)
{
	char words[sizeof(d->client) + sizeof(d->device) + 64], lease_env[PATH_MAX + 16];
	char path_env[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *argv[WORDS + 2], *env[] = { lease_env, path_env, NULL }, *rest = NULL;
	size_t n = 0;
	/* In the foreground, never gives up, releases nothing at its end: a restart keeps the address. */
	snprintf(words, sizeof(words), "%s -f -t 4 -T 2 -A 5 -i %s -s", d->client, d->device);
	for (char *word = strtok_r(words, " ", &rest); word && n < WORDS;
	     word = strtok_r(NULL, " ", &rest))
		argv[n++] = word;
	argv[n++] = d->hook;
	argv[n] = NULL;
	snprintf(lease_env, sizeof(lease_env), "WASL_LEASE=%s", d->file.at);

	pid_t parent = getpid(), child = fork();
	if (child < 0)
		return -errno;
	if (child == 0)
		run_client(parent, argv, env);
	d->child = child;
	return sd_event_add_child(d->loop, &d->ended, d->child, WEXITED, on_end, d);
}

static int on_again(sd_event_source *source, uint64_t usec, void *data)
{
	struct dhcp *d = data;
	(void)usec;
	/* A lease of an earlier life stands until the client says otherwise. */
	if (!d->begun && access(d->file.at, F_OK) == 0)
		read_lease(d);
	d->begun = true;
	int r = spawn_client(d);
	if (r >= 0)
		return 0;
	log_warn("event=dhcp.start device=%s text=\"cannot start '%s': %s\"", d->device, d->client,
		 strerror(-r));
	(void)sd_event_source_set_time_relative(source, AGAIN_US);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

void dhcp_stop(struct dhcp *d)
{
	if (!d)
		return;
	sd_event_source_disable_unref(d->ended);
	sd_event_source_disable_unref(d->again);
	sd_event_source_disable_unref(d->watch);
	if (d->child > 0) {
		int gone = kill(d->child, SIGTERM) < 0;
		for (int i = 0; !gone && i < END_TRIES; i++) {
			gone = waitpid(d->child, NULL, WNOHANG) != 0;
			if (!gone)
				usleep(END_STEP_US);
		}
		if (!gone && kill(d->child, SIGKILL) == 0)
			(void)waitpid(d->child, NULL, 0);
	}
	sd_event_unref(d->loop);
	free(d);
}

CLEAN_FN(dhcp, struct dhcp, dhcp_stop)

void dhcp_link_is_back(struct dhcp *d)
{
	if (d->child > 0)
		(void)kill(d->child, SIGUSR1);
}

static int add_sources(struct dhcp *d)
{
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL); /* as sd_event_add_child() wants it */
	int r = sd_event_add_inotify(d->loop, &d->watch, d->folder.at,
				     IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE, on_folder, d);
	/* From the loop: the caller is not ready for a lease yet. */
	return r < 0 ? r
		     : sd_event_add_time_relative(d->loop, &d->again, CLOCK_MONOTONIC, 0, 0,
						  on_again, d);
}

int dhcp_start(struct sd_event *loop, const char *client, const char *hook, const char *device,
	       void (*changed)(void *data, const struct lease *lease), void *data,
	       struct dhcp **out, struct fault *why)
{
	CLEANUP(clean_dhcp) struct dhcp *d = calloc(1, sizeof(*d));
	if (!d)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	d->loop = sd_event_ref(loop);
	d->changed = changed;
	d->data = data;
	snprintf(d->client, sizeof(d->client), "%s", client);
	snprintf(d->hook, sizeof(d->hook), "%s", hook);
	snprintf(d->device, sizeof(d->device), "%s", device);
	d->folder = paths_at("/run/wasl/netmgr");
	d->file = paths_at("/run/wasl/netmgr/lease.%s", device);
	int r = paths_mkdir(d->folder.at, 0755, why);
	if (r < 0)
		return r;
	r = add_sources(d);
	if (r < 0)
		return fault_set(why, r, "dhcp.watch", "cannot watch '%s': %s", d->folder.at,
				 strerror(-r));
	*out = MOVE_PTR(d);
	return 0;
}
