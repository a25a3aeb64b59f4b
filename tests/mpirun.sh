# What the tests of ranks share: launchers, and what is expected.  PROGRAM is `program`; the directory
# at work is theirs alone.
failed=0
work=$(pwd -P) # as processes have it
# A job that these tests may be part of has no share in theirs.
unset "${!OMPI_COMM_@}" "${!OMPI_MCA_ess@}" "${!OMPI_MCA_orte@}" "${!PMIX_@}" "${!PMI_@}" \
    "${!MPI_LOCAL@}" "${!SLURM_@}" RUNNEL_MPI
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_btl_base_warn_component_unused=0 OMPI_MCA_btl_vader_single_copy_mechanism=none
export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
# What ranks share, and a killed job leaves behind, goes with the directory.
export OMPI_MCA_btl_vader_backing_directory=$work OMPI_MCA_btl_sm_backing_directory=$work
export UCX_POSIX_DIR=$work
# A leak of the message library is none of ours.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0

launchers() {
    local name
    for name in openmpi mpich; do
        command -v "mpirun.$name" >/dev/null && [ -e "$(dirname "$program")/runnel-$name.so" ] &&
            echo "$name"
    done
}

# Every wait ends: no launcher may keep the suite.  Open MPI 4.1's mpirun itself crashes now and then
# where several of its processes end with a code: then once more.
ranks() { # LAUNCHER RANKS WORD...
    local name=$1 count=$2 turn code
    shift 2
    for turn in 1 2 3 4 5; do
        timeout -k 5 300 "mpirun.$name" -n "$count" "$@" </dev/null >out 2>err
        code=$?
        [ $code -eq 139 ] && grep -q 'libopen-rte' err || break
    done
    return $code
}

# Open MPI 5.0.7's mpirun crashes where it is given two commands: `mpirun -n 1 true : -n 1 true`.
cat >either <<'END'
#!/bin/bash
# either WORD... or WORD...      rank 0 runs the first command, the others run the second
first=()
until [ $# -eq 0 ] || [ "$1" = or ]; do
    first+=("$1")
    shift
done
shift
[ "${OMPI_COMM_WORLD_RANK:-$PMI_RANK}" = 0 ] && exec "${first[@]}"
exec "$@"
END
chmod +x either

expect() { # WHAT EXPECTED FOUND
    [ "$3" = "$2" ] && return
    echo "$1: got $3, expected $2"
    cat out err
    failed=$((failed + 1))
}

said() { # WHAT PATTERN
    grep -q -- "$2" err && return
    echo "$1: nobody said '$2'"
    cat err
    failed=$((failed + 1))
}

# Model, checkpoint, and the figures that do not count seconds.
hash_of() { # DIR
    { sha256sum <"$1/model.safetensors"; sha256sum <"$1/checkpoint.safetensors"
      awk -F, 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "samples_per_second") skip = i }
               { $skip = ""; print }' "$1/history.csv"; } 2>&1 | sha256sum | cut -c1-16
}

# The process of a rank; processes that a rank has started are none.
process_of() { # RANK
    local p
    for p in $(pgrep -x runnel); do
        [ "$(readlink "/proc/$p/cwd")" = "$work" ] &&
            tr '\0' '\n' <"/proc/$p/environ" | grep -qxE "(OMPI_COMM_WORLD_RANK|PMI_RANK)=$1" &&
            ! tr '\0' '\n' <"/proc/$p/environ" | grep -qx 'RUNNEL_MPI=none' && echo "$p"
    done
}

# A launcher ends its processes a moment later; nobody may be there to bury them.
await_end() { # PROCESS
    local turn
    for ((turn = 0; turn < 600; ++turn)); do
        grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status" || { echo gone; return; }
        sleep 0.1
    done
    echo 'still there'
}
