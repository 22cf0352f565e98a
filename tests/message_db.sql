-- The tables, indexes and functions of Message DB as far as a reader meets them, for machines without npm.
CREATE SCHEMA message_store;

CREATE TABLE message_store.messages (
    global_position bigserial PRIMARY KEY,
    position bigint NOT NULL,
    time timestamp without time zone NOT NULL DEFAULT (now() AT TIME ZONE 'utc'),
    stream_name text NOT NULL,
    type text NOT NULL,
    data jsonb,
    metadata jsonb,
    id uuid NOT NULL DEFAULT gen_random_uuid()
);

CREATE FUNCTION message_store.category(stream_name varchar) RETURNS varchar IMMUTABLE LANGUAGE sql
    RETURN split_part(stream_name, '-', 1);

CREATE UNIQUE INDEX messages_id ON message_store.messages (id);
CREATE UNIQUE INDEX messages_stream ON message_store.messages (stream_name, position);
CREATE INDEX messages_category ON message_store.messages (
    message_store.category(stream_name), global_position, message_store.category(metadata ->> 'correlationStreamName')
);

CREATE FUNCTION message_store.write_message(
    id varchar, stream_name varchar, type varchar, data jsonb, metadata jsonb DEFAULT NULL, expected bigint DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    present bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(message_store.category(write_message.stream_name), 0));
    SELECT coalesce(max(m.position), -1) INTO present
    FROM message_store.messages m WHERE m.stream_name = write_message.stream_name;
    IF expected <> present THEN
        RAISE EXCEPTION 'Wrong expected version: % (stream version %)', expected, present;
    END IF;
    INSERT INTO message_store.messages (id, stream_name, position, type, data, metadata) VALUES (
        write_message.id::uuid, write_message.stream_name, present + 1, write_message.type, write_message.data,
        write_message.metadata
    );
    RETURN present + 1;
END $$;
