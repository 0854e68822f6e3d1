package bbs

const MaxStatements = 256
