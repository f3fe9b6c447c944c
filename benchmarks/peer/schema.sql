-- The peer's whole database. Every change of an advice tells all listeners the whole text so far.
CREATE TABLE matter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner text NOT NULL,
    question text NOT NULL
);
CREATE TABLE fact (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    matter_id bigint NOT NULL REFERENCES matter,
    question text NOT NULL,
    answer text
);
CREATE INDEX fact_of_matter ON fact (matter_id);
CREATE TABLE advice (
    matter_id bigint PRIMARY KEY REFERENCES matter,
    owner text NOT NULL,
    text text NOT NULL DEFAULT '',
    complete boolean NOT NULL DEFAULT false
);
CREATE FUNCTION tell_advice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('advice_changed', json_build_object(
        'matter', NEW.matter_id, 'owner', NEW.owner, 'text', NEW.text, 'complete', NEW.complete)::text);
    RETURN NEW;
END;
$$;
CREATE TRIGGER tell_advice AFTER INSERT OR UPDATE ON advice FOR EACH ROW EXECUTE FUNCTION tell_advice();
