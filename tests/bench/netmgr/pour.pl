#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# pour.pl serve ADDRESS PORT: takes in whatever comes; who begins with "d" is sent bytes without end.
# pour.pl up|down ADDRESS PORT: lessons that nobody waits for (CS1), as fast as one connection goes, until it is killed.
# Both with cubic, which fills whatever queue there is: other ways of TCP are kinder.
use strict;
use warnings;
use Socket;
use IO::Select;
my ($what, $address, $port) = @ARGV;
my $at = sockaddr_in($port, inet_aton($address));
my $some = "\0" x 16384;
$SIG{PIPE} = "IGNORE";

sub stream {
	socket(my $s, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
	setsockopt($s, 0, 1, pack("i", 32)) or die "tos: $!"; # IPPROTO_IP, IP_TOS: CS1
	setsockopt($s, 6, 13, "cubic"); # IPPROTO_TCP, TCP_CONGESTION
	return $s;
}
sub pour { my ($s) = @_; while (defined syswrite($s, $some)) { } exit 0 }
sub drain { my ($s) = @_; while (sysread($s, my $got, 65536)) { } exit 0 }

if ($what eq "serve") {
	my $listener = stream();
	setsockopt($listener, SOL_SOCKET, SO_REUSEADDR, pack("i", 1));
	bind($listener, $at) or die "bind: $!";
	listen($listener, 64) or die "listen: $!";
	$SIG{CHLD} = "IGNORE";
	while (1) {
		accept(my $s, $listener) or next;
		next if fork();
		sysread($s, my $first, 1) or exit 0;
		$first eq "d" ? pour($s) : drain($s);
	}
}
my $s = stream();
connect($s, $at) or die "connect: $!";
syswrite($s, substr($what, 0, 1));
$what eq "up" ? pour($s) : drain($s);
