// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/agent/box.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/base/ctl.h"
#include "tests/agent/kit_box.h"

#define DEADLINE_MS 60000
#define CALL_MS 60000

/* --- the stage -------------------------------------------------------------------------------- */

void box_put_root(unsigned n)
{
	static const struct kit_root one = { 1, 10, 3, { 10, 11, 12 } };
	static const struct kit_root two = { 2, 20, 3, { 10, 11, 12, 20, 21, 22 } };
	wasl_Root root = kit_root_message(n == 1 ? &one : &two);
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	if (n == 2) {
		struct signed_key fresh = kit_key(201);
		memcpy(root.roles[TRUST_RECEIPT].public_keys[0]->bytes, fresh.public_key, 32);
		memcpy(root.roles[TRUST_MANAGE].public_keys[0]->bytes, fresh.public_key, 32);
	}
	kit_root_sign(&root, n == 1 ? one.signers : two.signers, &bytes, &len);
	struct path folder = paths_at(n == 1 ? "/etc/wasl" : "/var/lib/wasl/roots");
	assert_int_equal(paths_mkdir(folder.at, 0755, NULL), 0);
	assert_int_equal(fileio_replace(paths_at("%s/%s%u", folder.at, n == 1 ? "root." : "", n).at,
					bytes, len, 0644, NULL),
			 0);
}

static void put_conf(void)
{
	static const char conf[] =
		"[agent]\ncollect_interval = 3600\nseal_interval = 3000\nretry_max = 1\n";
	assert_int_equal(paths_mkdir(paths_at("/var/lib/wasl/conf").at, 0755, NULL), 0);
	assert_int_equal(fileio_replace(paths_at("/var/lib/wasl/conf/site.conf").at, conf,
					sizeof(conf) - 1, 0644, NULL),
			 0);
}

int box_set_up(struct box *b)
{
	*b = (struct box){ .notify = -1 };
	snprintf(b->root, sizeof(b->root), "/tmp/wasl-agent-XXXXXX");
	if (!mkdtemp(b->root))
		return -1;
	setenv("WASL_ROOT", b->root, 1);
	b->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/notify", b->root);
	if (bind(b->notify, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -1;
	setenv("NOTIFY_SOCKET", sa.sun_path, 1);
	box_put_root(1);
	put_conf();
	assert_int_equal(paths_mkdir(paths_at("/run/wasl").at, 0755, NULL), 0);
	b->stage = mmap(NULL, sizeof(*b->stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (b->stage == MAP_FAILED || sem_init(&b->stage->ready, 1, 0) < 0 ||
	    sem_init(&b->stage->asked, 1, 0) < 0 || sem_init(&b->stage->hold, 1, 0) < 0 ||
	    sem_init(&b->stage->told, 1, 0) < 0)
		return -1;
	fflush(NULL);
	b->players = fork();
	if (b->players == 0)
		players_run(b->stage);
	sem_wait(&b->stage->ready);
	return 0;
}

static void remove_tree(const char *path)
{
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		execlp("rm", "rm", "-rf", "--", path, NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

int box_tear_down(struct box *b)
{
	if (b->daemon)
		box_end(b, SIGKILL);
	kill(b->players, SIGKILL);
	waitpid(b->players, NULL, 0);
	close(b->notify);
	munmap(b->stage, sizeof(*b->stage));
	remove_tree(b->root);
	return 0;
}

/* --- the daemon ------------------------------------------------------------------------------- */

static int write_map(const char *path, unsigned id)
{
	char map[40];
	AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	int len = snprintf(map, sizeof(map), id == UINT_MAX ? "deny" : "%u %u 1\n", id, id);
	return fd < 0 ? -errno : fileio_write_all(fd, map, (size_t)len);
}

/* A user's own name space has nobody in it until its owner is written down. */
static int own_space(void)
{
	unsigned uid = geteuid(), gid = getegid();
	return unshare(CLONE_NEWNS | CLONE_NEWUSER) || write_map("/proc/self/uid_map", uid) ||
	       write_map("/proc/self/setgroups", UINT_MAX) || write_map("/proc/self/gid_map", gid);
}

/* In the child: a small file system of its own over the agent's folder, seen by nobody else. */
static int small_disk(void)
{
	struct path folder = paths_at("/var/lib/wasl/agent");
	if (geteuid() == 0 ? unshare(CLONE_NEWNS) : own_space())
		return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	       mount("tmpfs", folder.at, "tmpfs", 0, "size=1m,mode=0777");
}

static void become_daemon(const struct box *b, enum box_start how, unsigned kill_at)
{
	char inject[120];
	struct path program = paths_given("%s/bin/wasl-agentd", getenv("B"));
	int fd = open(paths_at("%s/log", b->root).at, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, STDERR_FILENO);
	dup2(fd, STDOUT_FILENO);
	if (how == BOX_SMALL_DISK && small_disk())
		_exit(126);
	if (how != BOX_KILLED)
		execl(program.at, "wasl-agentd", NULL);
	setenv("ASAN_OPTIONS", "detect_leaks=0",
	       1); /* it cannot look for leaks while it is traced */
	snprintf(inject, sizeof(inject),
		 "inject=pwrite64,fsync,fdatasync,rename,unlink,ftruncate:signal=KILL:when=%u",
		 kill_at);
	execlp("strace", "strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e",
	       "trace=pwrite64,fsync,fdatasync,rename,unlink,ftruncate", "-e", inject, program.at,
	       NULL);
	_exit(127);
}

/* Ready, or gone: both can be waited for. */
static bool wait_ready(struct box *b, int *status)
{
	for (int waited = 0; waited < DEADLINE_MS; waited += 20) {
		struct pollfd p = { .fd = b->notify, .events = POLLIN };
		char got[256];
		if (poll(&p, 1, 20) == 1) {
			ssize_t n = recv(b->notify, got, sizeof(got) - 1, 0);
			got[n > 0 ? n : 0] = '\0';
			if (strstr(got, "READY=1"))
				return true;
			continue;
		}
		if (waitpid(b->daemon, status, WNOHANG) == b->daemon) {
			b->daemon = 0;
			return false;
		}
	}
	fail_msg("the daemon is neither ready nor gone");
	return false;
}

static int ended(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int box_start(struct box *b, enum box_start how, unsigned kill_at, int *status)
{
	char rest[256];
	while (recv(b->notify, rest, sizeof(rest), MSG_DONTWAIT) > 0)
		; /* what an earlier one has said */
	unlink(paths_at("%s/log", b->root).at);
	fflush(NULL);
	b->daemon = fork();
	if (b->daemon == 0)
		become_daemon(b, how, kill_at);
	int raw = 0;
	if (wait_ready(b, &raw)) {
		struct device_keys keys = { 0 };
		if (how != BOX_SMALL_DISK)
			keys = kit_box_keys();
		if (how != BOX_SMALL_DISK)
			memcpy(b->stage->device_public, keys.sign.public_key, 32);
		return 0;
	}
	if (status)
		*status = ended(raw);
	return ended(raw) == 126 ? -ENOSYS : -ESRCH;
}

int box_end(struct box *b, int sig)
{
	int status = 0;
	if (sig)
		kill(b->daemon, sig);
	assert_int_equal(waitpid(b->daemon, &status, 0), b->daemon);
	b->daemon = 0;
	return ended(status);
}

char *box_log(const struct box *b)
{
	void *text = NULL;
	size_t len = 0;
	assert_int_equal(fileio_read(paths_at("%s/log", b->root).at, 1 << 20, &text, &len, NULL),
			 0);
	return text;
}

/* --- its control socket ----------------------------------------------------------------------- */

int box_ask(const char *method, const char *target, json_t **out, struct fault *why)
{
	return ctl_call(paths_at("/run/wasl/agentd.sock").at, method, target, NULL, CALL_MS, out,
			why);
}

int box_flush(struct fault *why)
{
	return box_ask("POST", "/v1/flush", NULL, why);
}

json_t *box_status(void)
{
	json_t *status = NULL;
	assert_int_equal(box_ask("GET", "/v1/status", &status, NULL), 0);
	return status;
}

int box_grant(const struct box *b, uint32_t epoch, uint64_t first_seq, const unsigned *signers,
	      struct fault *why)
{
	char url[64];
	AUTO_FREE void *grant = NULL, *answer = NULL;
	size_t len = 0, answer_len = 0;
	struct device_keys keys = kit_box_keys();
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", b->stage->port);
	kit_grant(&keys, epoch, first_seq, url, signers, &grant, &len);
	return ctl_call_bytes(paths_at("/run/wasl/agentd.sock").at, "POST", "/v1/grant",
			      "application/octet-stream", grant, len, CALL_MS, &answer, &answer_len,
			      why);
}

void box_enrol(struct box *b)
{
	struct fault why = { 0 };
	const unsigned by_enrol[] = { kit_role_key(TRUST_ENROL, 0), 0 };
	if (box_grant(b, 1, 1, by_enrol, &why))
		fail_msg("%s", why.text);
}

void box_live(struct box *b, int minutes, int uses, int events)
{
	b->stage->minutes += minutes;
	b->stage->uses += uses;
	b->stage->events += events;
}

void box_all_counted(const struct box *b)
{
	uint64_t up = 0, rx = 0;
	for (int64_t i = 1; i <= b->stage->minutes; i++) {
		up += play_up_s(i);
		rx += play_rx_bytes(i);
	}
	assert_int_equal(b->stage->up_s, up);
	assert_int_equal(b->stage->down_s, (uint64_t)b->stage->minutes * 60 - up);
	assert_int_equal(b->stage->rx_bytes, rx);
	assert_int_equal(b->stage->starts, b->stage->uses);
	assert_int_equal(b->stage->got_events, b->stage->events);
	assert_int_equal(b->stage->forks, 0);
}
